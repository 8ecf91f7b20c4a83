namespace Seriatim.Lab;

/// <summary>What a model knows of order without positions, and how each kind of them goes beyond the trained length.</summary>
internal sealed class PositionsExperiment : Experiment
{
    private const int Nouns = 8, Verbs = 4;
    private static readonly string[] Kinds = ["none", "sinusoidal", "learned", "rope", "alibi", "relative"];

    public override string Name => "positions";

    public override LabText Title => new("Positions", "位置编码");

    public override LabText Claim => new(
        "Without positions attention sees a set: a permuted input gives the permuted output. Kinds of positions differ " +
            "beyond the trained length.",
        "没有位置信息时,注意力看到的是集合:打乱输入即打乱输出。各种位置编码的差别在于超出训练长度之后。");

    public override string Source =>
        "Vaswani et al., 2017, section 3.5; Press et al., 2021 (ALiBi), section 2; Xiao et al., 2023 (sinks)";

    public override string Formula => "f(P x) = P f(x) without positions; rise = loss at 2L to 4L - loss at L/2 to L";

    public override IReadOnlyList<Expectation> Rule { get; } =
    [
        Expectation.Exactly("permuted-same", new("permuted rows are the same bits with sums in double", "双精度求和时打乱后的行逐位相同"), 1),
        Expectation.AtMost("permuted-difference", new("with fast kernels they differ by rounding: at most 1e-4",
            "快速核下仅差舍入:至多 1e-4"), 1e-4, 1e-3),
        Expectation.AtMost("order-none", new("who did it: chance without positions, at most 0.65", "谁是施事:没有位置时接近猜测,至多 0.65"),
            0.65, 0.75),
        Expectation.AtLeast("order-worst", new("with any positions: at least 0.95", "有任何位置编码时:至少 0.95"), 0.95, 0.8),
        Expectation.AtLeast("rise-learned", new("learned positions fail beyond: loss rises by 0.1 or more",
            "学习式位置超长失败:损失至少上升 0.1"), 0.1, 0),
        Expectation.AtMost("rise-alibi", new("ALiBi holds: rises by at most 0.05", "ALiBi 保持:至多上升 0.05"), 0.05, 0.2),
        Expectation.AtMost("rise-window", new("RoPE with a window and sinks holds: at most 0.1", "RoPE 加窗口与汇点保持:至多 0.1"), 0.1,
            0.3),
    ];

    public override Task RunAsync(LabRun run)
    {
        Permute(run);
        Order(run);
        Beyond(run);
        return Task.CompletedTask;
    }

    private static void Permute(LabRun run)
    {
        run.Say("a permuted input");
        using Model model = new LabModel("MaskedLM", 40, 64) { Switches = "\"positions\": \"none\"" }.Make(run.Seed);
        int[] order = [.. Enumerable.Range(0, 24)];
        new CounterRandom(run.Seed, 1).Shuffle(order.AsSpan());
        int[] text = [.. Enumerable.Range(0, 24).Select(i => i * 7 % 40)], moved = [.. order.Select(i => text[i])];
        using IDifferentiableOps exact = new ReferenceOps();
        (double same, _) = Compare(model, exact, text, moved, order);
        (_, double difference) = Compare(model, run.Ops, text, moved, order);
        run.Count("permuted-same", same, "", new("1: the same bits, sums in double", "1:逐位相同(双精度求和)"));
        run.Count("permuted-difference", difference, "", new("largest difference with fast kernels", "快速核下的最大差"));
        run.Note(new(
            "Fast kernels add up keys in the order of their positions, so another order rounds otherwise; in double nothing " +
            "of it is left after rounding.",
            "快速核按键的位置顺序求和,顺序不同则舍入不同;用双精度求和时舍入后不再可见。"));
    }

    private static (double Same, double Largest) Compare(Model model, IOps ops, int[] text, int[] moved, int[] order)
    {
        using Tensor plain = model.Encode(ops, new RaggedBatchBuilder().AddEncoder(text).Build());
        using Tensor other = model.Encode(ops, new RaggedBatchBuilder().AddEncoder(moved).Build());
        HostRows a = plain.Read(), b = other.Read();
        double largest = 0;
        for (int row = 0; row < order.Length; row++)
        {
            for (int i = 0; i < a.Columns; i++)
                largest = Math.Max(largest, Math.Abs((double)a.Row(order[row])[i] - b.Row(row)[i]));
        }

        return (largest == 0 ? 1 : 0, largest);
    }

    /// <summary>"A bites B": the first row is asked for A. Two nouns as a set say nothing of who bites.</summary>
    private static void Order(LabRun run)
    {
        double none = 0, worst = 1;
        foreach (string kind in Kinds)
        {
            run.Say($"word order, {kind}");
            using Model model = new LabModel("MaskedLM", 1 + Nouns + Verbs, 8)
            {
                Switches = $"\"positions\": \"{kind}\"",
            }.Make(run.Seed);
            LabTraining.Train(run, model, run.Pick(120, 150, 500), 5e-3, step => Sentences(run.Seed, step, 32));
            double right = LossPass.Evaluate(model, run.Ops, Sentences(run.Seed, -1, 400)).Accuracy;
            run.Count($"order-{kind}", right, "", new($"who did it, {kind}", $"谁是施事,{kind}"));
            (none, worst) = kind == "none" ? (right, worst) : (none, Math.Min(worst, right));
        }

        run.Count("order-worst", worst, "", new("the worst kind of positions", "最差的位置编码"));
    }

    private static TrainingBatch Sentences(ulong seed, int draw, int count)
    {
        var random = new CounterRandom(seed, (ulong)(draw + 7));
        var builder = new RaggedBatchBuilder();
        List<int> rows = [], labels = [];
        for (int i = 0; i < count; i++)
        {
            int first = random.Below((ulong)i * 3, Nouns);
            int second = (first + 1 + random.Below((ulong)i * 3 + 1, Nouns - 1)) % Nouns;
            rows.Add(builder.Rows);
            labels.Add(1 + first);
            builder.AddEncoder([0, 1 + first, 1 + Nouns + random.Below((ulong)i * 3 + 2, Verbs), 1 + second]);
        }

        return new TrainingBatch(builder.Build(), null, [.. rows], [.. labels]);
    }

    private static void Beyond(LabRun run)
    {
        int length = run.Pick(16, 32, 64);
        var rows = new List<IReadOnlyList<string>>();
        var lines = new List<PlotSeries>();
        foreach (string kind in Kinds)
        {
            run.Say($"trained on {length}, {kind}");
            using Model model = new LabModel("CausalLM", LabLetters.Vocabulary, 4 * length)
            {
                Width = 64,
                Switches = $"\"positions\": \"{kind}\"",
            }.Make(run.Seed);
            LabTraining.Train(run, model, run.Pick(60, 180, 1500), 4e-3,
                step => LabLetters.Batch(run.Seed, step, 512 / length, length));
            Score(run, model, kind, length, null, rows, lines);
            if (kind != "rope")
                continue;
            double sharpened = RopeScaling.Yarn.DefaultAttentionFactor(4);
            foreach ((string name, SequenceTerms terms) in (ReadOnlySpan<(string, SequenceTerms)>)
            [
                ("interpolation", new() { Rope = new(new RopeScaling.Linear(4)) }),
                ("ntk", new() { Rope = new(new RopeScaling.Ntk(4)) }),
                ("yarn", new() { Rope = new(new RopeScaling.Yarn(4, length, 32, 1, sharpened)) }),
                ("window", new() { Window = new(length - 4, 4) }),
            ])
            {
                Score(run, model, name, length, terms, rows, lines);
            }
        }

        run.Add(new LabTable(new($"Loss by position, trained on {length}", $"各位置的损失,训练长度 {length}"),
            [new("positions", "位置编码"), "L/2..L", "L..2L", "2L..4L"], rows, Timed: false));
        run.Plot = new LabPlot(new("Loss beyond the trained length", "超出训练长度的损失"), new("position / L", "位置 / L"),
            new("nats a letter", "每字母奈特"), lines)
        { LogX = true };
    }

    private static void Score(LabRun run, Model model, string name, int length, SequenceTerms? terms,
        List<IReadOnlyList<string>> rows, List<PlotSeries> lines)
    {
        double Loss(int from, int to) => LabTraining.LossOf(run, model,
            LabLetters.Batch(run.Seed, 1, run.Pick(24, 48, 96), 4 * length, held: true, terms, from, to));
        double[] losses = [Loss(length / 2, length), Loss(length, 2 * length), Loss(2 * length, 4 * length)];
        run.Count($"loss-{name}", losses[0], "nats", new($"loss within L, {name}", $"L 之内的损失,{name}"));
        run.Count($"rise-{name}", losses[2] - losses[0], "nats", new($"rise beyond 2L, {name}", $"2L 之后的上升,{name}"));
        rows.Add([name, .. losses.Select(loss => $"{loss:F3}")]);
        lines.Add(new(name, [0.75, 1.5, 3], losses));
    }
}
