namespace Seriatim.Generation;

/// <summary>A full page of positions in the prefix cache: its tokens, what is remembered of it, and the page before it.</summary>
internal sealed class PrefixNode(PrefixNode? parent, SequenceTerms variant, int[] tokens, int[] units, ulong hash)
{
    public PrefixNode? Parent { get; } = parent;

    public SequenceTerms Variant { get; } = variant;

    public int[] Tokens { get; } = tokens;

    /// <summary>For each kind of memory the unit that the cache holds; -1: none. A state may be given up alone.</summary>
    public int[] Units { get; } = units;

    /// <summary>Hash of the whole chain up to here.</summary>
    public ulong Hash { get; } = hash;

    /// <summary>Whether it was given up.</summary>
    public bool IsRemoved { get; set; }

    /// <summary>Next with the same hash.</summary>
    public PrefixNode? Collision { get; set; }

    /// <summary>Place in the order of use.</summary>
    public LinkedListNode<PrefixNode>? Place { get; set; }

    /// <summary>Whether a sequence can go on from here.</summary>
    public bool IsWhole => Array.IndexOf(Units, -1) < 0;
}
