namespace Seriatim.Generation;

/// <summary>Which pages of the prefix cache a sequence may share: those under an equal key.</summary>
/// <param name="Variant">What of the sequence's terms changes what is remembered, its adapter included.</param>
/// <param name="Salt">What keeps tenants apart; null: nothing does. Changes nothing of what is computed.</param>
internal readonly record struct PrefixKey(SequenceTerms Variant, string? Salt = null)
{
    public static implicit operator PrefixKey(SequenceTerms variant) => new(variant);
}
