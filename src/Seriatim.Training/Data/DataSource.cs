namespace Seriatim.Training;

/// <summary>Examples of a cache, with a weight among others.</summary>
/// <param name="Cache">The ids.</param>
/// <param name="Weight">Share of the draws relative to other sources; null: every example once an epoch.</param>
public sealed record DataSource(TokenCache Cache, double? Weight = null)
{
    /// <summary>The file the examples come from, for messages; null: the cache is named instead.</summary>
    public DataFile? File { get; init; }

    /// <summary>First example.</summary>
    public int FirstExample { get; init; }

    /// <summary>One more than the last example.</summary>
    public int EndExample { get; init; } = Cache.Count;

    /// <summary>First id used of the only example of a cache.</summary>
    public int FirstId { get; init; }

    /// <summary>One more than the last id used of the only example of a cache; null: all.</summary>
    public int? EndId { get; init; }

    /// <summary>
    /// Holds the last part back for validation: whole examples that make up about that share of the ids, or, if the cache has one
    /// example alone, the end of it.
    /// </summary>
    /// <param name="share">Share of the ids, over 0 and below 1.</param>
    /// <exception cref="DataException">One of the parts would be empty.</exception>
    public (DataSource Training, DataSource Validation) Split(double share)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(share);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(share, 1);
        int cut;
        if (EndExample - FirstExample == 1 && !Cache.HasTargets)
        {
            int end = EndId ?? Cache.Source(FirstExample).Length;
            cut = FirstId + (int)((end - FirstId) * (1 - share));
            return cut > FirstId && cut < end ? (this with { EndId = cut }, this with { FirstId = cut }) : throw Empty(share);
        }

        long all = Enumerable.Range(FirstExample, EndExample - FirstExample).Sum(Ids), before = 0;
        for (cut = FirstExample; cut < EndExample && before < all * (1 - share); cut++)
            before += Ids(cut);
        return cut > FirstExample && cut < EndExample
            ? (this with { EndExample = cut }, this with { FirstExample = cut })
            : throw Empty(share);
    }

    private long Ids(int example) => Cache.Source(example).Length + Cache.Target(example).Length;

    private DataException Empty(double share) =>
        new($"{EndExample - FirstExample} examples cannot be split so that {share:P1} of their ids are held back.");
}
