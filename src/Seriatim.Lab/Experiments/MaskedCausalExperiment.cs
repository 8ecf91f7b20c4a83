namespace Seriatim.Lab;

/// <summary>The same made-up language seen from the left only and from both sides.</summary>
internal sealed class MaskedCausalExperiment : Experiment
{
    private const int Nouns = 12, Genders = 3, Verbs = 4, Begin = 0, Mask = 1, Words = 5;
    private const int FirstArticle = 2, FirstNoun = FirstArticle + Genders, FirstVerb = FirstNoun + Nouns;
    private const int Vocabulary = FirstVerb + 2 * Verbs;

    // Article noun verb article noun; the verb agrees with the first noun, articles with the noun that follows.
    private const double FromLeft = (1.0 / 3 + 1.0 / 4 + 1.0 / 4 + 1.0 / 3 + 1.0 / 4) / Words;
    private const double FromBoth = (1 + 1.0 / 2 + 1.0 / 4 + 1 + 1.0 / 4) / Words;

    public override string Name => "masked-causal";

    public override LabText Title => new("From the left or from both sides", "单向与双向");

    public override LabText Claim => new(
        "A word is easier to tell from both sides than from the left alone.", "从两侧猜一个词比只从左侧猜更容易。");

    public override string Source => "Devlin et al., 2019 (BERT), sections 1 and 5.1";

    public override string Formula =>
        "best guess of a word: 17/60 = 0.283 from the left, 3/5 = 0.6 from both sides, for this grammar";

    public override IReadOnlyList<Expectation> Rule { get; } =
    [
        new("left-ratio", new("from the left: measured / predicted is 0.85 to 1.1", "从左侧:测量 / 预测为 0.85 至 1.1"), 0.85, 1.1, 0.6,
            1.2),
        new("both-ratio", new("from both sides: 0.85 to 1.1", "从两侧:0.85 至 1.1"), 0.85, 1.1, 0.6, 1.2),
        Expectation.AtLeast("gain", new("both sides: at least 1.8 x as often right", "两侧的正确率至少为左侧的 1.8 倍"), 1.8, 1.2),
    ];

    public override Task RunAsync(LabRun run)
    {
        int steps = run.Pick(200, 400, 2000);
        double[] left = Measure(run, "CausalLM", steps), both = Measure(run, "MaskedLM", steps);
        run.Count("left", left.Average(), "", new("right from the left", "从左侧的正确率"));
        run.Count("both", both.Average(), "", new("right from both sides", "从两侧的正确率"));
        run.Count("left-ratio", left.Average() / FromLeft, "x", new("from the left: measured / predicted", "从左侧:测量 / 预测"));
        run.Count("both-ratio", both.Average() / FromBoth, "x", new("from both sides: measured / predicted", "从两侧:测量 / 预测"));
        run.Count("gain", both.Average() / left.Average(), "x", new("both sides / left", "两侧 / 左侧"));
        LabText[] names = [new("article", "冠词"), new("noun", "名词"), new("verb", "动词"), new("article 2", "冠词 2"),
            new("noun 2", "名词 2")];
        run.Add(new LabTable(new("Share of right guesses by place", "各位置的正确率"),
            [new("place", "位置"), new("from the left", "从左侧"), new("from both sides", "从两侧")],
            [.. names.Select((name, i) => (IReadOnlyList<string>)[name.English, $"{left[i]:F3}", $"{both[i]:F3}"])],
                Timed: false));
        double[] x = [.. Enumerable.Range(0, Words).Select(i => (double)i)];
        run.Plot = new LabPlot(new("Right guesses by place", "各位置的正确率"), new("place", "位置"), new("share", "比例"),
            [new(new("from the left", "从左侧"), x, left), new(new("from both sides", "从两侧"), x, both)])
        {
            Names = names,
        };
        return Task.CompletedTask;
    }

    private static double[] Measure(LabRun run, string shape, int steps)
    {
        run.Say($"training, {shape}");
        using Model model = new LabModel(shape, Vocabulary, 8).Make(run.Seed);
        bool masks = shape == "MaskedLM";
        LabTraining.Train(run, model, steps, 5e-3, step => Batch(run.Seed, step, 64, masks, null));
        return [.. Enumerable.Range(0, Words).Select(place =>
            LossPass.Evaluate(model, run.Ops, Batch(run.Seed, -1, run.Pick(500, 1000, 4000), masks, place)).Accuracy)];
    }

    /// <summary>Sentences of which one word each is asked for: hidden, or the next one.</summary>
    private static TrainingBatch Batch(ulong seed, int draw, int count, bool masks, int? place)
    {
        var random = new CounterRandom(seed, (ulong)(draw + 3));
        var builder = new RaggedBatchBuilder();
        List<int> rows = [], labels = [];
        for (int i = 0; i < count; i++)
        {
            ulong at = (ulong)i * 8;
            int first = random.Below(at, Nouns), second = random.Below(at + 1, Nouns), verb = random.Below(at + 2, Verbs);
            int asked = place ?? random.Below(at + 3, Words);
            int[] text =
            [
                Begin, FirstArticle + first % Genders, FirstNoun + first, FirstVerb + 2 * verb + first / Genders % 2,
                FirstArticle + second % Genders, FirstNoun + second,
            ];
            rows.Add(builder.Rows + asked + (masks ? 1 : 0));
            labels.Add(text[asked + 1]);
            if (!masks)
            {
                builder.Add(text.AsSpan(0, Words), outputs: Outputs.All);
                continue;
            }

            text[asked + 1] = Mask;
            builder.AddEncoder(text);
        }

        return new TrainingBatch(builder.Build(), null, [.. rows], [.. labels]);
    }
}
