namespace Seriatim.Generation;

/// <summary>A full page of positions in the prefix cache: its tokens, what is remembered of it, and the page before it.</summary>
internal sealed class PrefixNode(PrefixNode? parent, PrefixKey key, int[] tokens, int[] units, ulong hash)
{
    /// <summary>The page before; as long as this one is in the cache, it is too.</summary>
    public PrefixNode? Parent { get; } = parent;

    public PrefixKey Key { get; } = key;

    public int[] Tokens { get; } = tokens;

    /// <summary>For each kind of memory the unit that the cache holds; -1: none. A state may be given up alone.</summary>
    public int[] Units { get; } = units;

    /// <summary>For each kind of memory how many of the pages directly behind have a unit that nobody else holds.</summary>
    public int[] IdleBehind { get; } = new int[units.Length];

    /// <summary>Hash of the whole chain up to here.</summary>
    public ulong Hash { get; } = hash;

    /// <summary>Whether it was given up, and with it all pages behind.</summary>
    public bool IsRemoved { get; private set; }

    /// <summary>Next with the same hash.</summary>
    public PrefixNode? Collision { get; set; }

    /// <summary>First of the pages directly behind.</summary>
    public PrefixNode? FirstBehind { get; private set; }

    /// <summary>Next page behind the same one.</summary>
    public PrefixNode? NextBeside { get; private set; }

    /// <summary>Whether a sequence can go on from here.</summary>
    public bool IsWhole => Array.IndexOf(Units, -1) < 0;

    /// <summary>Whether nothing is kept of it.</summary>
    public bool IsEmpty => Array.TrueForAll(Units, static unit => unit < 0);

    private PrefixNode? PreviousBeside { get; set; }

    /// <summary>Becomes one of the pages behind its parent.</summary>
    public void Link()
    {
        if (Parent is null)
            return;
        if ((NextBeside = Parent.FirstBehind) is { } next)
            next.PreviousBeside = this;
        Parent.FirstBehind = this;
    }

    /// <summary>Is no longer one of the pages behind its parent.</summary>
    public void Unlink()
    {
        IsRemoved = true;
        if (NextBeside is { } next)
            next.PreviousBeside = PreviousBeside;
        if (PreviousBeside is { } previous)
            previous.NextBeside = NextBeside;
        else if (Parent is not null)
            Parent.FirstBehind = NextBeside;
        (NextBeside, PreviousBeside) = (null, null);
    }
}
