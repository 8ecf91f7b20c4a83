namespace Seriatim.Tensors;

/// <summary>
/// Some queries of one sequence and the list of keys they choose from. What a query sees of the list is its
/// <see cref="Ranges"/>, so that windows, dilation, blocks and buckets are ranges of lists.
/// </summary>
/// <param name="FirstHead">First head it is about.</param>
/// <param name="Heads">Number of heads.</param>
/// <param name="Queries">
/// Positions of the queries in their sequence; in no other piece of the same head, and none twice.
/// </param>
/// <param name="Keys">
/// Positions of the keys in the same sequence, in any order; a key that stands here twice counts twice.
/// </param>
public sealed record GatheredPiece(int FirstHead, int Heads, int[] Queries, int[] Keys)
{
    /// <summary>Keys at the start of the list that every query sees, besides its range (global tokens).</summary>
    public int Always { get; init; }

    /// <summary>For each query the range of the list that it sees; null: the whole list.</summary>
    public (int First, int End)[]? Ranges { get; init; }

    /// <summary>The range of a query, without what is always seen.</summary>
    internal AttentionRowRange RangeOf(int query)
    {
        (int first, int end) = Ranges is { } ranges ? ranges[query] : (0, Keys.Length);
        return new AttentionRowRange(Queries[query], Queries[query], Always, Math.Max(first, Always), Math.Max(end, Always));
    }
}

/// <summary>One sequence: consecutive rows of q, k and v, and its pieces. A row of no piece sees nothing.</summary>
/// <param name="FirstRow">First row.</param>
/// <param name="Rows">Number of rows.</param>
/// <param name="Pieces">The pieces, in any order: it is that of sums into gradients of keys, and so of their bits.</param>
public sealed record GatheredSegment(int FirstRow, int Rows, IReadOnlyList<GatheredPiece> Pieces);

/// <summary>
/// Who sees whom in a <c>GatheredAttention</c>; made once and shared by all layers of one pattern. It must not change.
/// </summary>
/// <param name="Segments">Every row of q belongs to exactly one segment, in order.</param>
public sealed record GatheredRows(IReadOnlyList<GatheredSegment> Segments)
{
    /// <summary>How the kernels cut the work; also the sign that the lists were checked.</summary>
    internal GatheredTask? Task { get; set; }
}

/// <summary>The shape and the rules of one layer of attention over gathered rows.</summary>
/// <param name="Heads">Heads, H, of queries, keys and values alike.</param>
/// <param name="HeadDim">Features of a head, D.</param>
/// <param name="Scale">Factor of the scores.</param>
public sealed record GatheredAttentionSpec(int Heads, int HeadDim, float Scale)
{
    /// <summary>Whether a query sees only keys whose position is not after its own.</summary>
    public bool Causal { get; init; }

    /// <summary>
    /// The score of a query and the key at its own position, whatever they are (-1e5 with shared queries and keys: Kitaev et
    /// al., 2020: Reformer, section 2); null: as any other. With it weights are <c>exp(s - l)</c> of the log-sum-exp l as it is
    /// held in F32, backward and forward: where a query sees itself alone and twice, 24 bits of -1e5 + log 2 make them 0.998.
    /// </summary>
    public float? OwnScore { get; init; }

    /// <summary>
    /// Drops weights after the softmax: row <c>n · H + h</c> of the mask, column j for the key at place j of the list.
    /// </summary>
    public DropoutMask Dropout { get; init; }
}
