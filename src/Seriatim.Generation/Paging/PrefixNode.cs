namespace Seriatim.Generation;

/// <summary>A full page of the prefix cache: its tokens, and the page before it.</summary>
internal sealed class PrefixNode(PrefixNode? parent, SequenceTerms variant, int[] tokens, PageId page, ulong hash)
{
    public PrefixNode? Parent { get; } = parent;

    public SequenceTerms Variant { get; } = variant;

    public int[] Tokens { get; } = tokens;

    public PageId Page { get; } = page;

    /// <summary>Hash of the whole chain up to here.</summary>
    public ulong Hash { get; } = hash;

    /// <summary>Whether its page was given up.</summary>
    public bool IsRemoved { get; set; }

    /// <summary>Next with the same hash.</summary>
    public PrefixNode? Collision { get; set; }

    /// <summary>Place in the order of use.</summary>
    public LinkedListNode<PrefixNode>? Place { get; set; }
}
