namespace Seriatim.Lab;

/// <summary>Depth with and without residuals, and how far each layer turns the stream.</summary>
internal sealed class ResidualExperiment : Experiment
{
    private const int Length = 16;

    public override string Name => "residual";

    public override LabText Title => new("Residuals", "残差连接");

    public override LabText Claim => new(
        "Without residuals deep stacks do not train; with them each layer turns the stream a little, and the last row is " +
            "not the first.",
        "没有残差,深层模型无法训练;有残差时每层只稍微转动残差流,而末层与首层并不相同。");

    public override string Source => "He et al., 2016, section 3.1; Vaswani et al., 2017, section 3.1; Veit et al., 2016";

    public override string Formula => "y = x + f(x) against y = f(x); turn of a layer = arccos(x · y / |x| |y|)";

    public override IReadOnlyList<Expectation> Rule { get; } =
    [
        Expectation.AtLeast("cost-deep", new("without, the deepest stack loses 0.3 or more", "没有残差,最深的模型损失高 0.3 以上"), 0.3, 0.05),
        Expectation.AtMost("depth-cost-with", new("with, depth costs at most 0.1", "有残差,加深至多损失 0.1"), 0.1, 0.4),
        Expectation.AtMost("turn-mean", new("a layer turns the stream by at most 45 degrees in the mean", "每层平均转动不超过 45 度"), 45,
            65),
        Expectation.AtMost("first-last", new("the last row is not the first: cosine at most 0.9", "末层不等于首层:余弦至多 0.9"), 0.9, 0.99),
    ];

    public override Task RunAsync(LabRun run)
    {
        int[] depths = run.Pick<int[]>([1, 8], [1, 4, 8, 16], [1, 2, 4, 8, 16, 32]);
        double[] with = new double[depths.Length], without = new double[depths.Length];
        var cells = new List<IReadOnlyList<string>>();
        for (int i = 0; i < depths.Length; i++)
        {
            run.Say($"{depths[i]} layers");
            with[i] = Train(run, depths[i], residual: true, i == depths.Length - 1);
            without[i] = Train(run, depths[i], residual: false, turns: false);
            cells.Add([$"{depths[i]}", $"{with[i]:F3}", $"{without[i]:F3}"]);
        }

        run.Count("cost-deep", without[^1] - with[^1], "nats", new($"loss without less with, {depths[^1]} layers",
            $"无残差减有残差的损失,{depths[^1]} 层"));
        run.Count("depth-cost-with", with[^1] - with[0], "nats", new("with: deepest less shallowest", "有残差:最深减最浅"));
        run.Add(new LabTable(new("Training loss by depth", "按深度的训练损失"),
            [new("layers", "层数"), new("with residuals", "有残差"), new("without", "无残差")], cells, Timed: false));
        double[] x = [.. depths.Select(depth => (double)depth)];
        run.Plot = new LabPlot(new("Loss by depth", "深度与损失"), new("layers", "层数"), new("nats a letter", "每字母奈特"),
            [new(new("with residuals", "有残差"), x, with), new(new("without", "无残差"), x, without)])
        {
            LogX = true,
        };
        return Task.CompletedTask;
    }

    private static double Train(LabRun run, int depth, bool residual, bool turns)
    {
        using Model model = new LabModel("CausalLM", LabLetters.Vocabulary, Length)
        {
            Layers = depth,
            Switches = $"\"residual\": {(residual ? "true" : "false")}",
        }.Make(run.Seed);
        double loss = LabTraining.Train(run, model, run.Pick(60, 150, 800), 3e-3,
            step => LabLetters.Batch(run.Seed, step, 16, Length));
        if (turns)
            Turns(run, model);
        return loss;
    }

    /// <summary>The angle between the stream before and after each layer, in the mean over rows.</summary>
    private static void Turns(LabRun run, Model model)
    {
        var streams = new List<float[]>();
        RaggedBatch batch = LabLetters.Batch(run.Seed, 1, 16, Length, held: true).Rows;
        model.Forward(run.Ops, batch, null, (_, x) => streams.Add(x.Read().Values.ToArray())).Dispose();
        int width = model.Spec.Last.Width;
        double[] turns = [.. streams.Zip(streams.Skip(1),
            (a, b) => Math.Acos(Math.Clamp(Cosine(a, b, width), -1, 1)) * 180 / Math.PI)];
        run.Count("turn-mean", turns.Average(), "degrees", new("mean turn of a layer", "每层平均转角"));
        run.Count("turn-most", turns.Max(), "degrees", new($"largest turn: layer {Array.IndexOf(turns, turns.Max())}",
            $"最大转角:第 {Array.IndexOf(turns, turns.Max())} 层"));
        run.Count("first-last", Cosine(streams[0], streams[^1], width), "",
            new("cosine of the first and the last stream", "首末残差流的余弦"));
        run.Add(new LabTable(new("How far each layer turns the stream", "各层转动残差流的角度"), [new("layer", "层"), new("degrees", "角度")],
            [.. turns.Select((turn, i) => (IReadOnlyList<string>)[$"{i}", $"{turn:F1}"])], Timed: false));
    }

    private static double Cosine(float[] a, float[] b, int width)
    {
        double sum = 0;
        for (int row = 0; row < a.Length; row += width)
        {
            double product = 0, first = 0, second = 0;
            for (int i = row; i < row + width; i++)
                (product, first, second) = (product + (double)a[i] * b[i], first + (double)a[i] * a[i],
                    second + (double)b[i] * b[i]);
            sum += product / Math.Sqrt(first * second);
        }

        return sum / (a.Length / width);
    }
}
