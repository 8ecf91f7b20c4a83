namespace Seriatim.Training;

/// <summary>
/// Span corruption (Raffel et al., 2020, section 3.1.4): spans of the text are replaced by sentinels, and the target is each
/// sentinel followed by what it stands for, then the end. Lengths follow the published code: the share of corrupted ids and the
/// mean length fix the number of spans; corrupted and kept ids are cut into that many random parts each, kept first.
/// </summary>
/// <param name="startId">The decoder's first input.</param>
/// <param name="endId">The end of every target, put after the source too.</param>
/// <param name="sentinels">Ids of the sentinels in order.</param>
/// <param name="seed">Seed of the choices.</param>
/// <param name="density">Share of the ids that are corrupted, between 0 and 1.</param>
/// <param name="meanLength">Mean length of a span, at least 1.</param>
public sealed class SpanCorruptionObjective(
    int startId, int endId, IReadOnlyList<int> sentinels, ulong seed, double density = 0.15, double meanLength = 3) : Objective
{
    /// <inheritdoc/>
    public override ModelTask Task => ModelTask.SequenceToSequence;

    /// <inheritdoc/>
    /// <inheritdoc/>
    public override int LongestSource(int context) => context == int.MaxValue ? context : (context - 1) / 2;

    /// <inheritdoc/>
    public override int RowsOf(ExamplePiece piece) => piece.Length + 2 * Spans(piece.Length).Spans + 2;

    /// <inheritdoc/>
    /// <exception cref="DataException">A text has fewer than 2 ids, or needs more sentinels than there are.</exception>
    public override TrainingBatch Make(IReadOnlyList<ExamplePiece> examples)
    {
        ArgumentNullException.ThrowIfNull(examples);
        var batch = new PairBatch(startId);
        foreach (ExamplePiece example in examples)
        {
            ReadOnlySpan<int> ids = example.Source;
            // The end is put after the source again, whatever the tokenizer did.
            if (ids.Length > 0 && ids[^1] == endId)
                ids = ids[..^1];
            if (ids.Length < 2)
            {
                throw new DataException(
                    $"Example {example.Example + 1} of {example.Cache.Path} has {ids.Length} ids; 2 are needed for a span.");
            }
            (int[] source, int[] target) = Corrupt(ids, new CounterRandom(seed, example.Draw));
            batch.Add(source, target);
        }

        return batch.Build();
    }

    private (int Corrupted, int Spans) Spans(int length)
    {
        int corrupted = Math.Clamp((int)Math.Round(length * density), 1, Math.Max(1, length - 1));
        int spans = Math.Clamp((int)Math.Round(corrupted / meanLength), 1, Math.Max(1, Math.Min(corrupted, length - corrupted)));
        return (corrupted, spans);
    }

    private (int[] Source, int[] Target) Corrupt(ReadOnlySpan<int> ids, CounterRandom random)
    {
        (int corrupted, int spans) = Spans(ids.Length);
        if (spans > sentinels.Count)
            throw new DataException($"A text of {ids.Length} ids has {spans} spans; there are {sentinels.Count} sentinels.");
        int[] gone = Parts(corrupted, spans, random, 0), kept = Parts(ids.Length - corrupted, spans, random, (ulong)ids.Length);
        List<int> source = [], target = [];
        int at = 0;
        for (int span = 0; span < spans; span++)
        {
            source.AddRange(ids.Slice(at, kept[span]));
            source.Add(sentinels[span]);
            target.Add(sentinels[span]);
            target.AddRange(ids.Slice(at + kept[span], gone[span]));
            at += kept[span] + gone[span];
        }

        source.Add(endId);
        target.Add(endId);
        return ([.. source], [.. target]);
    }

    /// <summary>Cuts a length into parts of at least 1 each; all ways are equally likely.</summary>
    private static int[] Parts(int length, int count, CounterRandom random, ulong first)
    {
        bool[] ends = new bool[length - 1];
        ends.AsSpan(0, count - 1).Fill(true);
        for (int i = ends.Length - 1; i > 0; i--)
        {
            int other = random.Below(first + (ulong)i, i + 1);
            (ends[i], ends[other]) = (ends[other], ends[i]);
        }

        int[] parts = new int[count];
        int part = 0;
        for (int i = 0; i < length; i++)
        {
            parts[part]++;
            if (i < ends.Length && ends[i])
                part++;
        }

        return parts;
    }
}
