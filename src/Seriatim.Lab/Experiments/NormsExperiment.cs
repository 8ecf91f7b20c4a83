namespace Seriatim.Lab;

/// <summary>Layer norm against batch norm by batch and by padding, and norms before against after each part by depth.</summary>
internal sealed class NormsExperiment : Experiment
{
    private const int Length = 16;

    public override string Name => "norms";

    public override LabText Title => new("LayerNorm and BatchNorm", "LayerNorm 与 BatchNorm");

    public override LabText Claim => new(
        "Batch norm makes a row depend on its batch and on padding, and suffers from small batches; layer norm does not. " +
            "Deep stacks need the norm before each part.",
        "批归一化使一行依赖于同批的其他行和填充,小批量时更差;层归一化则不会。深层模型需要前置归一化。");

    public override string Source => "Ba et al., 2016; Shen et al., 2020 (PowerNorm), section 3; Xiong et al., 2020, section 3";

    public override string Formula =>
        "d row / d company = 0 for LayerNorm, > 0 for BatchNorm in training, 0 with running statistics";

    public override IReadOnlyList<Expectation> Rule { get; } =
    [
        Expectation.Exactly("padding-layer", new("layer norm: padding moves nothing", "层归一化:填充不影响任何行"), 0),
        Expectation.AtLeast("padding-counted", new("batch norm that counts it: 0.01 or more", "计入填充的批归一化:至少 0.01"), 0.01, 1e-4),
        Expectation.Exactly("company-layer", new("layer norm: company moves nothing", "层归一化:同批不影响"), 0),
        Expectation.AtLeast("company-training", new("batch norm in training: 0.01 or more", "训练中的批归一化:至少 0.01"), 0.01, 1e-4),
        Expectation.Exactly("company-after", new("batch norm after training: nothing", "训练后的批归一化:不影响"), 0),
        Expectation.AtLeast("small-batch-cost",
            new("what batch norm loses with the smallest batch, over what it loses with the largest: 0.02 or more",
            "最小批量的损失差减最大批量的损失差:至少 0.02"), 0.02, 0),
        Expectation.AtLeast("post-less-pre", new("the deepest stack: post-norm is worse by 0.1 or more", "最深的模型:后置归一化差 0.1 以上"),
            0.1, 0.01),
    ];

    public override Task RunAsync(LabRun run)
    {
        Company(run);
        BatchSizes(run);
        Depths(run);
        return Task.CompletedTask;
    }

    private static void Company(LabRun run)
    {
        run.Say("padding and company");
        int[] text = [.. Enumerable.Range(0, 9).Select(i => i * 5 % 40)],
            other = [.. Enumerable.Range(0, 14).Select(i => i * 11 % 40)];
        double Moved(string norm, bool train, Func<RaggedBatchBuilder> one, Func<RaggedBatchBuilder> two)
        {
            using Model model = new LabModel("MaskedLM", 40, 64) { Switches = $"\"norm\": \"{norm}\"" }.Make(run.Seed);
            float[] Rows(RaggedBatch batch)
            {
                using var statistics = new BatchStatistics();
                using Tensor rows = model.Encode(run.Ops, train ? batch.With(statistics) : batch);
                return rows.Read().Values[..(text.Length * rows.Columns)].ToArray();
            }

            float[] a = Rows(one().Build()), b = Rows(two().Build());
            return a.Zip(b, (x, y) => Math.Abs((double)x - y)).Max();
        }

        RaggedBatchBuilder Padded(int rows) => new RaggedBatchBuilder().AddPadded(text, rows).AddEncoder(other);
        RaggedBatchBuilder Alone() => new RaggedBatchBuilder().AddEncoder(text);
        RaggedBatchBuilder Both() => Alone().AddEncoder(other);
        foreach ((string key, double value, LabText words) in (ReadOnlySpan<(string, double, LabText)>)
        [
            ("padding-layer", Moved("layer", true, () => Padded(0), () => Padded(5)),
                new("5 rows of padding, layer norm", "5 行填充,层归一化")),
            ("padding-counted", Moved("batch", true, () => Padded(0), () => Padded(5)),
                new("5 rows of padding, batch norm", "5 行填充,批归一化")),
            ("company-layer", Moved("layer", true, Alone, Both), new("other company, layer norm", "不同的同批,层归一化")),
            ("company-training", Moved("batch", true, Alone, Both), new("other company, batch norm in training",
                "不同的同批,训练中的批归一化")),
            ("company-after", Moved("batch", false, Alone, Both), new("other company, batch norm after training",
                "不同的同批,训练后的批归一化")),
        ])
        {
            run.Count(key, value, "", words);
        }
    }

    private static void BatchSizes(LabRun run)
    {
        int[] sizes = run.Pick<int[]>([1, 8], [1, 4, 16], [1, 2, 4, 16, 64]);
        var cells = new List<IReadOnlyList<string>>();
        double[] layer = new double[sizes.Length], batch = new double[sizes.Length];
        for (int i = 0; i < sizes.Length; i++)
        {
            run.Say($"batches of {sizes[i]}");
            (layer[i], batch[i]) = (Loss(sizes[i], "layer"), Loss(sizes[i], "batch"));
            cells.Add([$"{sizes[i]}", $"{layer[i]:F3}", $"{batch[i]:F3}", $"{batch[i] - layer[i]:F3}"]);
        }

        double Loss(int sequences, string norm)
        {
            using Model model = new LabModel("CausalLM", LabLetters.Vocabulary, Length)
            {
                Switches = $"\"norm\": \"{norm}\", \"norm_placement\": \"post\"",
            }.Make(run.Seed);
            LabTraining.Train(run, model, run.Pick(80, 250, 1500), 3e-3,
                step => LabLetters.Batch(run.Seed, step, sequences, Length));
            return LabTraining.LossOf(run, model, LabLetters.Batch(run.Seed, 1, 64, Length, held: true));
        }

        run.Count("small-batch-cost", batch[0] - layer[0] - (batch[^1] - layer[^1]), "nats",
            new("loss of batch less layer norm: smallest less largest batch", "批减层的损失:最小批量减最大批量"));
        run.Add(new LabTable(new($"Held-out loss by sequences of {Length} in a batch", $"按每批(长度 {Length})序列数的验证损失"),
            [new("sequences", "序列数"), "LayerNorm", "BatchNorm", new("difference", "差")], cells, Timed: false));
        double[] x = [.. sizes.Select(size => (double)size)];
        run.Plot = new LabPlot(new("Loss by batch size", "批量与损失"), new("sequences in a batch", "每批序列数"),
            new("nats a letter", "每字母奈特"),
            [new("LayerNorm", x, layer), new("BatchNorm", x, batch)])
        {
            LogX = true,
        };
    }

    private static void Depths(LabRun run)
    {
        int[] depths = run.Pick<int[]>([2, 16], [2, 8, 20], [2, 8, 16, 32]);
        var cells = new List<IReadOnlyList<string>>();
        double difference = 0;
        foreach (int depth in depths)
        {
            run.Say($"{depth} layers");
            double[] losses = [.. ((string[])["pre", "post"]).Select(place =>
            {
                using Model model = new LabModel("CausalLM", LabLetters.Vocabulary, Length)
                {
                    Layers = depth,
                    Switches = $"\"norm_placement\": \"{place}\"",
                }.Make(run.Seed);
                return LabTraining.Train(run, model, run.Pick(40, 100, 600), 3e-3,
                    step => LabLetters.Batch(run.Seed, step, 16, Length), warmup: 0);
            })];
            difference = losses[1] - losses[0];
            cells.Add([$"{depth}", .. losses.Select(loss => $"{loss:F3}")]);
        }

        run.Count("post-less-pre", difference, "nats", new($"loss, post less pre norm, {depths[^1]} layers",
            $"损失差,后置减前置,{depths[^1]} 层"));
        run.Add(new LabTable(new("Training loss by depth, no warm-up", "按深度的训练损失,无预热"),
            [new("layers", "层数"), new("norm before", "前置"), new("norm after", "后置")], cells, Timed: false));
    }
}
