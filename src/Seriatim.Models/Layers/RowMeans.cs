namespace Seriatim.Models;

/// <summary>The mean of runs of rows.</summary>
internal static class RowMeans
{
    /// <summary>
    /// A row for each run: attention of a query of zeros, for which all keys score alike. So it has a gradient, and its bits do
    /// not follow from the company of the rows.
    /// </summary>
    /// <param name="ops">The device, or a tape.</param>
    /// <param name="x">The rows, <c>[N, E]</c>.</param>
    /// <param name="runs">The runs.</param>
    public static Tensor Of(IOps ops, Tensor x, IReadOnlyList<(int First, int Count)> runs)
    {
        var segments = new AttentionSegment[runs.Count];
        for (int i = 0; i < segments.Length; i++)
            segments[i] = new AttentionSegment(i, 1, runs[i].First, runs[i].Count, 0, null, Visibility.Full);
        using Tensor any = ops.GatherRows(x, runs.Select(run => run.First).ToArray());
        using Tensor query = ops.Scale(any, 0);
        return ops.Attention(query, x, x, new AttentionRows(segments, null), 0, new AttentionSpec(1, 1, x.Columns, 1));
    }
}
