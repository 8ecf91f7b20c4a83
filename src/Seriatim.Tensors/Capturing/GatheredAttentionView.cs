namespace Seriatim.Tensors;

/// <summary>The view of attention to lists of keys.</summary>
internal sealed class GatheredAttentionView(Tensor q, Tensor k, Tensor v, GatheredRows rows, GatheredAttentionSpec spec)
    : AttentionView(q.Rows, spec.Heads, spec.Heads, spec.HeadDim)
{
    private protected override (int Position, int[] Keys, float[] Weights) Compute(int row, int head) =>
        GatheredReference.Weights(q, k, rows, spec, row, head);

    public override int KeysOf(int row) => rows.Segments.First(one => row >= one.FirstRow && row < one.FirstRow + one.Rows).Rows;

    private protected override float[] Stored(int row, int position, int keyHead, bool isKey)
    {
        GatheredSegment segment = rows.Segments.First(one => row >= one.FirstRow && row < one.FirstRow + one.Rows);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)position, (uint)segment.Rows);
        return (isKey ? k : v).Row(segment.FirstRow + position).Slice(keyHead * spec.HeadDim, spec.HeadDim).ToArray();
    }
}
