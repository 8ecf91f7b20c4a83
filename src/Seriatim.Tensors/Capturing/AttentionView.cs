namespace Seriatim.Tensors;

/// <summary>
/// What can be asked of an attention that was computed. The kernels hold no more than a tile of scores, so a row of weights is
/// computed again when it is asked for: from the queries, and from the keys where they are stored, as the formula says, in
/// double.
/// </summary>
public abstract class AttentionView
{
    private protected AttentionView(int queries, int heads, int keyHeads, int headDim) =>
        (Queries, Heads, KeyHeads, HeadDim) = (queries, heads, keyHeads, headDim);

    /// <summary>Rows of queries.</summary>
    public int Queries { get; }

    /// <summary>Query heads, H.</summary>
    public int Heads { get; }

    /// <summary>Key/value heads, K: query head h reads key head <c>h / (H / K)</c>.</summary>
    public int KeyHeads { get; }

    /// <summary>Features of a head, D.</summary>
    public int HeadDim { get; }

    /// <summary>Keys of the sequence of a query, seen or not.</summary>
    /// <param name="row">Row of the queries.</param>
    public abstract int KeysOf(int row);

    internal CapturingOps Ops { get; set; } = null!;

    /// <summary>A row of weights.</summary>
    /// <param name="row">Row of the queries.</param>
    /// <param name="head">Query head.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such row or head.</exception>
    public AttentionRow Row(int row, int head)
    {
        CheckQuery(row, head);
        (int position, int[] keys) = (0, []);
        float[] weights = Ops.Read(() =>
        {
            (position, keys, float[] computed) = Compute(row, head);
            return computed;
        });
        return new AttentionRow(row, head, position, keys, weights);
    }

    /// <summary>The key at a position of the sequence of a query, as it is stored.</summary>
    /// <param name="row">Row of the queries.</param>
    /// <param name="position">Position among the keys.</param>
    /// <param name="keyHead">Key/value head.</param>
    public float[] Key(int row, int position, int keyHead)
    {
        CheckQuery(row, keyHead);
        return Ops.Read(() => Stored(row, position, keyHead, isKey: true));
    }

    /// <summary>The value at a position of the sequence of a query, as it is stored.</summary>
    /// <param name="row">Row of the queries.</param>
    /// <param name="position">Position among the keys.</param>
    /// <param name="keyHead">Key/value head.</param>
    public float[] Value(int row, int position, int keyHead)
    {
        CheckQuery(row, keyHead);
        return Ops.Read(() => Stored(row, position, keyHead, isKey: false));
    }

    private protected abstract (int Position, int[] Keys, float[] Weights) Compute(int row, int head);

    private protected abstract float[] Stored(int row, int position, int keyHead, bool isKey);

    private void CheckQuery(int row, int head)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)Queries, nameof(row));
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)head, (uint)Heads, nameof(head));
    }
}
