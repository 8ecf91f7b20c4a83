namespace Seriatim.Tensors;

/// <summary>The view of attention to ranges of positions.</summary>
internal sealed class RangedAttentionView(
    Tensor q, Tensor? k, Tensor? v, AttentionRows rows, int layer, AttentionSpec spec, Tensor? sinkQueries)
    : AttentionView(q.Rows, spec.Heads, spec.KeyValueHeads, spec.HeadDim)
{
    private protected override (int Position, int[] Keys, float[] Weights) Compute(int row, int head) =>
        SegmentOf(row) is { } segment
            ? AttentionReference.Weights(q, sinkQueries ?? q, k, rows.Pool, segment, row - segment.QueryRow, head, layer, spec)
            : (row, [], []);

    public override int KeysOf(int row) => SegmentOf(row) is { } segment ? segment.Past + segment.Keys : 0;

    private protected override float[] Stored(int row, int position, int keyHead, bool isKey) =>
        SegmentOf(row) is { } segment
            ? AttentionReference.Stored(isKey ? k : v, rows.Pool, segment, layer, spec, position, keyHead, isKey)
            : [];

    private AttentionSegment? SegmentOf(int row) =>
        rows.Segments.FirstOrDefault(segment => row >= segment.QueryRow && row < segment.QueryRow + segment.Queries);
}
