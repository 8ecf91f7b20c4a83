namespace Seriatim.Generation;

/// <summary>Which pages of the prefix cache a sequence may share: those under an equal key.</summary>
/// <param name="Variant">What of the sequence's terms changes what is remembered, its adapter included.</param>
/// <param name="Salt">What keeps tenants apart; null: nothing does. Changes nothing of what is computed.</param>
internal readonly record struct PrefixKey(SequenceTerms Variant, string? Salt = null)
{
    /// <summary>
    /// A hash that is the same in every process, unlike <see cref="GetHashCode"/>, in which texts have one of the process.
    /// </summary>
    public ulong StableHash()
    {
        ulong hash = Add(14695981039346656037, Salt is null ? "" : $"salt {Salt}");
        hash = Add(hash, Variant.Adapter is null ? "" : $"adapter {Variant.Adapter}");
        hash = Add(hash, Variant.Window is null ? "" : $"{Variant.Window}");
        hash = Add(hash, Variant.Rope is null ? "" : $"{Variant.Rope}");
        return (hash ^ (uint)(Variant.DeclaredLength ?? -1)) * 1099511628211;
    }

    public static implicit operator PrefixKey(SequenceTerms variant) => new(variant);

    /// <summary>FNV-1a (Fowler, Noll, Vo) over characters.</summary>
    private static ulong Add(ulong hash, string text)
    {
        foreach (char c in text)
            hash = (hash ^ c) * 1099511628211;
        return (hash ^ 0xFFFF) * 1099511628211;
    }
}
