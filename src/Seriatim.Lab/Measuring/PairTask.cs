namespace Seriatim.Lab;

/// <summary>Pairs of a made-up source and target, for all shapes of models: copies, or translations with two right
/// answers.</summary>
/// <param name="Synonyms">
/// Whether the target is backwards in one of two vocabularies, the same for the whole text; otherwise it is the source.
/// </param>
internal sealed record PairTask(bool Synonyms)
{
    /// <summary>Words of a text.</summary>
    public const int Length = 4;

    private const int Begin = 0, Mask = 1, Sources = 2, Words = 10;

    /// <summary>Ids: two marks, the words of the source, two vocabularies of the target.</summary>
    public const int Vocabulary = Sources + 3 * Words;

    /// <summary>A batch of a step.</summary>
    public TrainingBatch Batch(string shape, ulong seed, int draw, int count)
    {
        (int[][] sources, int[][] targets) = Texts(seed, draw, count);
        if (shape == "Seq2SeqLM")
        {
            var pairs = new PairBatch(Begin);
            for (int i = 0; i < count; i++)
                pairs.Add(sources[i], targets[i]);
            return pairs.Build();
        }

        var builder = new RaggedBatchBuilder();
        List<int> rows = [], labels = [];
        for (int i = 0; i < count; i++)
        {
            bool writesAtOnce = shape == "MaskedLM";
            rows.AddRange(Enumerable.Range(builder.Rows + Length + (writesAtOnce ? 1 : 0), Length));
            labels.AddRange(targets[i]);
            if (writesAtOnce)
                builder.AddEncoder([.. sources[i], Begin, .. Enumerable.Repeat(Mask, Length)]);
            else
                builder.Add([.. sources[i], Begin, .. targets[i][..^1]], outputs: Outputs.All);
        }

        return new TrainingBatch(builder.Build(), null, [.. rows], [.. labels]);
    }

    /// <summary>The share of texts that are right as a whole; decoders write word by word. Words are drawn.</summary>
    public double Right(LabRun run, Model model, string shape, int count)
    {
        (int[][] sources, int[][] targets) = Texts(run.Seed, -1, count);
        int[][] made = [.. Enumerable.Range(0, count).Select(_ => Array.Empty<int>())];
        for (ulong step = 0; made[0].Length < Length; step++)
            made = Next(run, model, shape, sources, made, new CounterRandom(run.Seed ^ 0x647261776E, step));
        return made.Select((text, i) => IsRight(sources[i], targets[i], text) ? 1.0 : 0).Average();
    }

    private static int[][] Next(LabRun run, Model model, string shape, int[][] sources, int[][] made,
        CounterRandom random)
    {
        var builder = new RaggedBatchBuilder();
        var encoder = new RaggedBatchBuilder();
        List<int> rows = [];
        int count = shape == "MaskedLM" ? Length : 1;
        for (int i = 0; i < sources.Length; i++)
        {
            int first = builder.Rows;
            if (shape == "MaskedLM")
            {
                builder.AddEncoder([.. sources[i], Begin, .. Enumerable.Repeat(Mask, Length)]);
            }
            else if (shape == "CausalLM")
            {
                builder.Add([.. sources[i], Begin, .. made[i]]);
            }
            else
            {
                var from = new EncoderRows(encoder.Rows, Length);
                encoder.AddEncoder(sources[i]);
                builder.Add([Begin, .. made[i]], encoder: from);
            }

            rows.AddRange(Enumerable.Range(builder.Rows - count, count));
        }

        using Tensor? encoded = encoder.Rows == 0 ? null : model.Encode(run.Ops, encoder.Build());
        using Tensor hidden = model.Forward(run.Ops, builder.Build(), encoded);
        using Tensor logits = model.Project(run.Ops, hidden, rows.ToArray());
        HostRows values = logits.Read();
        var next = new int[sources.Length][];
        for (int i = 0; i < next.Length; i++)
        {
            var words = new int[count];
            for (int word = 0; word < count; word++)
                words[word] = Draw(values.Row(i * count + word), random.Uniform((ulong)(i * count + word)));
            next[i] = [.. made[i], .. words];
        }

        return next;
    }

    private static int Draw(ReadOnlySpan<float> logits, double uniform)
    {
        double most = logits[LabSteps.MostLikely(logits)], sum = 0;
        foreach (float logit in logits)
            sum += Math.Exp(logit - most);
        for (int id = 0; id < logits.Length - 1; id++)
        {
            uniform -= Math.Exp(logits[id] - most) / sum;
            if (uniform < 0)
                return id;
        }

        return logits.Length - 1;
    }

    private bool IsRight(int[] source, int[] target, int[] made) => Synonyms
        ? made.SequenceEqual(Translated(source, 0)) || made.SequenceEqual(Translated(source, 1))
        : made.SequenceEqual(target);

    private (int[][] Sources, int[][] Targets) Texts(ulong seed, int draw, int count)
    {
        var random = new CounterRandom(seed, (ulong)(draw + 11));
        int[][] sources = [.. Enumerable.Range(0, count).Select(i => Enumerable.Range(0, Length)
            .Select(word => Sources + random.Below((ulong)(i * (Length + 1) + word), Words)).ToArray())];
        int[][] targets = [.. sources.Select((source, i) => Synonyms
            ? Translated(source, random.Below((ulong)(i * (Length + 1) + Length), 2))
            : source)];
        return (sources, targets);
    }

    private static int[] Translated(int[] source, int kind) => [.. source.Reverse().Select(word => word + (1 + kind) * Words)];
}
