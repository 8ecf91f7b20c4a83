namespace Seriatim.Generation;

/// <summary>How many steps had at most so many rows (tokens).</summary>
/// <param name="Counts">For each of <see cref="Bounds"/>, and for more than the last, the steps; null: none.</param>
/// <param name="Rows">All rows.</param>
internal readonly record struct StepRowCounts(IReadOnlyList<long>? Counts, long Rows)
{
    /// <summary>The bounds that vLLM has.</summary>
    public static IReadOnlyList<double> Bounds { get; } = [1, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384];

    public static StepRowCounts operator +(StepRowCounts one, StepRowCounts other) => new(
        one.Counts is { } counts ? other.Counts is { } more ? [.. counts.Zip(more, (a, b) => a + b)] : counts : other.Counts,
        one.Rows + other.Rows);

    /// <summary>The place of a step's rows among the counts.</summary>
    public static int PlaceOf(int rows)
    {
        int place = 0;
        while (place < Bounds.Count && rows > Bounds[place])
            place++;
        return place;
    }
}
