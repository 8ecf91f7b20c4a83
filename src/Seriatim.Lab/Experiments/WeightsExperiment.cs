namespace Seriatim.Lab;

/// <summary>How the matrices of attention move in training, and that reading moves nothing.</summary>
internal sealed class WeightsExperiment : Experiment
{
    private const int Length = 32;
    private static readonly string[] Parts = ["attention.q", "attention.k", "attention.v", "attention.o", "mlp.up", "mlp.down"];

    public override string Name => "weights";

    public override LabText Title => new("W_Q, W_K, W_V and Q, K, V", "W_Q、W_K、W_V 与 Q、K、V");

    public override LabText Claim => new(
        "W_Q, W_K and W_V are weights that gradients move in training and nothing moves afterwards; Q, K and V are computed " +
            "anew from each text.",
        "W_Q、W_K、W_V 是训练中由梯度更新、之后不再变化的权重;Q、K、V 则由每段文本重新计算。");

    public override string Source =>
        "Vaswani et al., 2017, section 3.2.2; the gradient of key biases: softmax(s + c) = softmax(s)";

    public override string Formula => "Q = X W_Q; W <- W - rate * step(dL/dW); dL/db_K = 0";

    public override IReadOnlyList<Expectation> Rule { get; } =
    [
        Expectation.AtLeast("moved-least", new("each of the three moves by 3 % or more of its norm", "三者各自移动其范数的 3% 以上"), 0.03,
            0.005),
        Expectation.Exactly("moved-by-reading", new("reading moves nothing", "推理不改变任何权重"), 0),
        Expectation.AtLeast("same-letter-q", new("Q of one letter in two texts differs by 1 % or more", "同一字母在两段文本中的 Q 相差 1% 以上"),
            0.01, 1e-4),
        Expectation.AtLeast("gradient-v-over-q", new("the gradient of W_V is larger than that of W_Q", "W_V 的梯度大于 W_Q"), 1, 0.5),
        Expectation.AtMost("key-bias", new("gradient of key biases over that of query biases: rounding, at most 1e-3",
            "键偏置与查询偏置梯度之比:仅舍入,至多 1e-3"), 1e-3, 1e-2),
    ];

    public override Task RunAsync(LabRun run)
    {
        run.Say("training");
        using Model model = new LabModel("CausalLM", LabLetters.Vocabulary, Length) { Width = 64 }.Make(run.Seed);
        int steps = run.Pick(60, 300, 2000);
        Dictionary<string, float[]> start = Parts.ToDictionary(part => part, part =>
            Values(model, part, ".weight", gradient: false));
        Dictionary<string, double[]> gradients = Parts.ToDictionary(part => part, _ => new double[steps]);
        double keys = 0, queries = 0;
        LabTraining.Train(run, model, steps, 3e-3, step => LabLetters.Batch(run.Seed, step, 16, Length), watch: step =>
        {
            foreach (string part in Parts)
                gradients[part][step] = Norm(Values(model, part, ".weight", gradient: true)) / (16 * Length);
            keys += Norm(Values(model, "attention.k", ".bias", gradient: true));
            queries += Norm(Values(model, "attention.q", ".bias", gradient: true));
        });
        double[] moved = [.. Parts.Select(part => Distance(start[part],
            Values(model, part, ".weight", gradient: false)) / Norm(start[part]))];
        for (int i = 0; i < 3; i++)
        {
            string name = $"W_{char.ToUpperInvariant(Parts[i][^1])}";
            run.Count($"moved-{Parts[i][^1]}", moved[i], "", new($"{name} moved, of its norm", $"{name} 的相对移动"));
        }

        run.Count("moved-least", moved.Take(3).Min(), "", new("the least of the three", "三者中最小"));
        run.Count("gradient-v-over-q", gradients["attention.v"].Average() / gradients["attention.q"].Average(), "x",
            new("mean gradient of W_V / W_Q", "W_V / W_Q 的平均梯度"));
        run.Count("key-bias", keys / queries, "x", new("gradient of key biases / query biases", "键偏置 / 查询偏置的梯度"));
        Read(run, model);
        run.Add(new LabTable(new("Gradient and movement by matrix, all layers", "各矩阵的梯度与移动(所有层)"),
            [new("matrix", "矩阵"), new("first gradient", "首步梯度"), new("last gradient", "末步梯度"), new("moved, of its norm", "相对移动")],
            [.. Parts.Select((part, i) => (IReadOnlyList<string>)[part, $"{gradients[part][0]:E2}", $"{gradients[part][^1]:E2}",
                $"{moved[i]:F3}"])],
            Timed: false));
        int every = Math.Max(1, steps / 50);
        int[] shown = [.. Enumerable.Range(0, steps).Where(step => step % every == 0)];
        run.Plot = new LabPlot(new("Norms of gradients", "梯度范数"), new("step", "步"), new("norm", "范数"),
            [.. Parts.Select(part => new PlotSeries(part, [.. shown.Select(step => step + 1.0)],
                [.. shown.Select(step => gradients[part][step])]))])
        {
            LogY = true,
        };
        return Task.CompletedTask;
    }

    /// <summary>Two texts that end with the same letter go through: the weights stay, the queries of that letter
    /// differ.</summary>
    private static void Read(LabRun run, Model model)
    {
        float[] before = [.. Parts.SelectMany(part => Values(model, part, ".weight", gradient: false))];
        float[][] queries = [.. ((int[][])[[5, 9, 30, 20, 12], [40, 41, 7, 33, 12]]).Select(text => Query(run, model, text))];
        float[] after = [.. Parts.SelectMany(part => Values(model, part, ".weight", gradient: false))];
        run.Count("moved-by-reading", Distance(before, after), "", new("weights moved by two passes", "两次前向后权重的移动"));
        run.Count("same-letter-q", Distance(queries[0], queries[1]) / Norm(queries[0]), "",
            new("Q of one letter in two texts, second layer", "同一字母在两段文本中的 Q,第二层"));
    }

    /// <summary>Q of the last row in the second layer: <c>norm(x) W_Qᵀ + b</c>.</summary>
    private static float[] Query(LabRun run, Model model, int[] text)
    {
        float[] row = [];
        model.Forward(run.Ops, new RaggedBatchBuilder().Add(text).Build(), null, (layer, x) =>
        {
            if (layer == 1)
                row = x.Read().Row(text.Length - 1).ToArray();
        }).Dispose();
        double mean = row.Average(), deviation = Math.Sqrt(row.Average(x => (x - mean) * (x - mean)) + 1e-5);
        Parameter Find(string path, string ending) => model.Parameters.Single(p =>
            p.Path == path && p.Ending == ending).Parameter;
        float[] scale = Row(Find("layers.1.norm1", ".weight"), 0), bias = Row(Find("layers.1.norm1", ".bias"), 0);
        double[] normed = [.. row.Select((x, i) => (x - mean) / deviation * scale[i] + bias[i])];
        Parameter matrix = Find("layers.1.attention.q", ".weight");
        float[] shift = Row(Find("layers.1.attention.q", ".bias"), 0);
        return [.. Enumerable.Range(0, matrix.Rows).Select(o => (float)(Row(matrix, o).Zip(normed, (w, x) =>
            w * x).Sum() + shift[o]))];
    }

    private static float[] Row(Parameter parameter, int row)
    {
        float[] values = new float[parameter.Columns];
        parameter.ReadRow(row, values);
        return values;
    }

    /// <summary>The values, or gradients, of a part in all layers.</summary>
    private static float[] Values(Model model, string part, string ending, bool gradient)
    {
        var all = new List<float>();
        foreach (ModelParameter parameter in model.Parameters.Where(p =>
            p.Ending == ending && p.Path.EndsWith(part, StringComparison.Ordinal)))
        {
            float[] row = new float[parameter.Parameter.Columns];
            for (int r = 0; r < parameter.Parameter.Rows; r++)
            {
                if (gradient)
                    parameter.Parameter.ReadGradientRow(r, row);
                else
                    parameter.Parameter.ReadRow(r, row);
                all.AddRange(row);
            }
        }

        return [.. all];
    }

    private static double Norm(float[] values) => Math.Sqrt(values.Sum(value => (double)value * value));

    private static double Distance(float[] a, float[] b) => Norm([.. a.Zip(b, (x, y) => x - y)]);
}
