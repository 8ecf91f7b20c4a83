namespace Seriatim.Training;

/// <summary>
/// Gives the examples of each epoch, shuffled: a function of the seed and the number of the epoch alone.
/// </summary>
/// <remarks>
/// Without weights every example comes once an epoch; texts that are split are cut at other places in each epoch. With weights
/// an epoch has as many draws as there are examples, shared out by weight; each source goes through shuffled passes of its own.
/// </remarks>
public sealed class ExampleDrawer
{
    private readonly IReadOnlyList<DataSource> _sources;
    private readonly ExampleLimits _limits;
    private readonly ulong _seed;
    private readonly bool _weighted;

    /// <summary>Looks at every example once, so that what does not fit is known before training starts.</summary>
    /// <param name="sources">The data.</param>
    /// <param name="limits">How long examples may be, and what happens to longer ones.</param>
    /// <param name="seed">Seed of the order.</param>
    /// <exception cref="DataException">
    /// An example is too long and the limits say to refuse it; some sources have a weight and some
    /// not; nothing is left; the limits leave no room.
    /// </exception>
    public ExampleDrawer(IReadOnlyList<DataSource> sources, ExampleLimits limits, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(sources);
        (_sources, _limits, _seed) = (sources, limits, seed);
        if (limits.Source < 1)
        {
            throw new DataException(
                $"A source may have {limits.Source} ids, because what the objective adds fills the context; at least 1 is "
                    + "needed. Use a longer max_length or context.");
        }
        _weighted = sources.Any(s => s.Weight is not null);
        if (_weighted && sources.Any(s => s.Weight is not > 0))
            throw new DataException("Either every source has a positive weight or none has one.");
        foreach (DataSource source in sources)
        {
            int before = ExamplesPerEpoch;
            ExamplesPerEpoch += Pieces(source, 0, countSkipped: true).Count;
            if (ExamplesPerEpoch == before)
                throw new DataException($"No example of {source.Cache.Path} can be used ({SkippedExamples} are too long).");
        }
    }

    /// <summary>Examples in an epoch, as long as nothing is split at another place.</summary>
    public int ExamplesPerEpoch { get; }

    /// <summary>Examples left out because they are too long, or too short to predict anything.</summary>
    public int SkippedExamples { get; private set; }

    /// <summary>All examples in the order of the files, cut from their beginnings: for validation.</summary>
    public IReadOnlyList<ExamplePiece> InOrder() =>
        [.. _sources.SelectMany(s => Pieces(s, 0)).Select((piece, i) => piece with { Draw = (ulong)i })];

    /// <summary>The examples of an epoch, shuffled.</summary>
    /// <param name="epoch">Number of the epoch, from 0.</param>
    public IReadOnlyList<ExamplePiece> Epoch(long epoch)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(epoch);
        ExamplePiece[] drawn = _weighted
            ? [.. _sources.SelectMany((s, i) => Drawn(s, i, epoch))]
            : [.. _sources.SelectMany((s, i) => Pieces(s, CutOffset(i, epoch)))];
        new CounterRandom(_seed, Stream(epoch, 0)).Shuffle(drawn.AsSpan());
        for (int i = 0; i < drawn.Length; i++)
            drawn[i] = drawn[i] with { Draw = ((ulong)epoch << 32) + (ulong)i };
        return drawn;
    }

    private static ulong Stream(long number, int source) => ((ulong)number << 16) + (ulong)source;

    private int CutOffset(int source, long epoch) => _limits.Long == LongSequences.Split && _limits.Source < int.MaxValue
        ? new CounterRandom(_seed, Stream(epoch, source + 1)).Below(0, _limits.Source)
        : 0;

    private IEnumerable<ExamplePiece> Drawn(DataSource source, int number, long epoch)
    {
        IReadOnlyList<ExamplePiece> pieces = Pieces(source, 0);
        double share = source.Weight!.Value / _sources.Sum(s => s.Weight!.Value);
        long draws = Math.Max(1, (long)Math.Round(share * ExamplesPerEpoch));
        int[] order = [];
        long pass = -1;
        for (long draw = epoch * draws; draw < (epoch + 1) * draws; draw++)
        {
            if (pass != draw / pieces.Count)
            {
                pass = draw / pieces.Count;
                order = [.. Enumerable.Range(0, pieces.Count)];
                new CounterRandom(~_seed, Stream(pass, number)).Shuffle(order.AsSpan());
            }

            yield return pieces[order[draw % pieces.Count]];
        }
    }

    private List<ExamplePiece> Pieces(DataSource source, int offset, bool countSkipped = false)
    {
        var pieces = new List<ExamplePiece>();
        var tooLong = new List<int>();
        for (int example = source.FirstExample; example < source.EndExample; example++)
        {
            int first = source.FirstId, end = source.EndId ?? source.Cache.Source(example).Length;
            int target = source.Cache.Target(example).Length;
            bool fits = end - first <= (long)_limits.Source + _limits.Overlap && target <= _limits.Target;
            if (end - first <= _limits.Overlap || !fits && _limits.Long == LongSequences.Skip)
            {
                if (countSkipped)
                    SkippedExamples++;
            }
            else if (fits)
            {
                pieces.Add(new ExamplePiece(source.Cache, example, first, end - first));
            }
            else if (_limits.Long == LongSequences.Split && !source.Cache.HasTargets)
            {
                Cut(pieces, source.Cache, example, first, end, offset);
            }
            else
            {
                tooLong.Add(example);
            }
        }

        return tooLong.Count == 0 ? pieces : throw TooLong(source, tooLong);
    }

    /// <summary>
    /// Names the first of the examples that do not fit by their place in the file, so that they can be looked at.
    /// </summary>
    private DataException TooLong(DataSource source, List<int> examples)
    {
        const int Named = 10;
        int[] first = [.. examples.Take(Named)];
        long[]? lines = source.File is null ? null
            : [.. DataReader.Read(source.File, new BadLines(long.MaxValue)).Take(first[^1] + 1).Select(record => record.Line)];
        string fits = source.Cache.HasTargets ? $"{_limits.Source} + {_limits.Target}" : $"{_limits.Source}";
        IEnumerable<string> named = first.Select(example =>
        {
            int length = source.Cache.Source(example).Length;
            string place = lines is null
                ? $"example {example + 1} of {source.Cache.Path}"
                : $"{source.File!.Path}({lines[example]})";
            return $"{place}: {length}{(source.Cache.HasTargets ? $" + {source.Cache.Target(example).Length}" : "")} tokens";
        });
        return new DataException(
            $"{examples.Count} examples are too long; {fits} tokens fit. Set long_sequences to "
            + $"\"skip\"{(source.Cache.HasTargets ? "" : " or \"split\"")}, or use a longer "
            + $"context.{Environment.NewLine}{string.Join(Environment.NewLine, named)}");
    }

    private void Cut(List<ExamplePiece> pieces, TokenCache cache, int example, int first, int end, int offset)
    {
        int overlap = _limits.Overlap;
        for (int at = first,
            next = offset > 0 ? first + offset : first + _limits.Source; at + overlap < end; at = next, next += _limits.Source)
        {
            // A piece brings the ids it predicts: the last id of one is the first of the next.
            int stop = (int)Math.Min(end, (long)next + overlap);
            pieces.Add(new ExamplePiece(cache, example, at, stop - at));
        }
    }
}
