namespace Seriatim.Lab;

/// <summary>Weights of fewer bits: bytes, speed, and what the probabilities lose.</summary>
internal sealed class QuantisationExperiment : Experiment
{
    /// <summary>Formats of blocks of 32 values, which fit every model, with their bits a value, scales included.</summary>
    private static readonly (string Name, double Bits)[] Formats =
    [
        ("q8_0", 8.5), ("q5_1", 6), ("q5_0", 5.5), ("q4_1", 5), ("q4_0", 4.5), ("iq4_nl", 4.5), ("mxfp4", 4.25),
    ];

    /// <summary>Formats of blocks of 256 values, for models whose rows are multiples of that.</summary>
    private static readonly (string Name, double Bits)[] LargeBlocks =
    [
        ("q6_k", 6.5625), ("q5_k_m", 5.5), ("q4_k_m", 4.5), ("q3_k_m", 3.4375), ("q2_k", 2.625),
    ];

    /// <summary>Models with more parameters than this get fewer formats: each is searched for and written anew.</summary>
    private const long Large = 300_000_000;

    /// <summary>One kind of format, whose codes have so many bits: for the law of errors.</summary>
    private static readonly (string Name, double Codes)[] OneKind = [("q8_0", 8), ("q5_0", 5), ("q4_0", 4)];

    public override string Name => "quantisation";

    public override LabText Title => new("Weights of fewer bits", "更少位数的权重");

    public override LabText Claim => new(
        "Eight bits cost next to nothing, four little; each bit less means four times the divergence, and faster decoding.",
        "八位几乎无损,四位损失很小;每少一位,散度约增至四倍,解码更快。");

    public override string Source =>
        "Dettmers and Zettlemoyer, 2023: The case for 4-bit precision; Gray and Neuhoff, 1998 (6 dB a bit)";

    public override string Formula => "bytes = values x bits / 8; divergence ~ error^2 ~ 4^(-bits)";

    public override IReadOnlyList<Expectation> Rule { get; } =
    [
        new("bytes-ratio", new("bytes: counted / formula is 1 to 1.02, the farthest format", "字节:计数 / 公式为 1 至 1.02(最远的格式)"), 1,
            1.02, 0.98, 1.15),
        Expectation.AtMost("divergence-q8_0", new("8 bits: at most 0.002 nats a token", "8 位:每词元至多 0.002 奈特"), 0.002, 0.02),
        Expectation.AtMost("divergence-q4_0", new("4 bits: at most 0.1 nats a token", "4 位:每词元至多 0.1 奈特"), 0.1, 0.5),
        new("law-ratio", new("divergence a bit: measured exponent / -2 is 0.75 to 1.25", "每位散度指数:测量 / -2 为 0.75 至 1.25"), 0.75,
            1.25, 0.5, 1.5),
        Expectation.AtLeast("speed-q8_0", new("8 bits decode at least 1.2 x as fast as F32", "8 位解码至少比 F32 快 1.2 倍"), 1.2, 0.9),
        Expectation.AtLeast("speed-q4_0", new("4 bits at least 1.5 x", "4 位至少快 1.5 倍"), 1.5, 0.9),
    ];

    public override bool TakesModel => true;

    public override async Task RunAsync(LabRun run)
    {
        string path = await run.ResolveAsync(run.Pick("stories-draft", "stories", "stories"));
        if (Model.IsGguf(path))
            RequireExact(path);
        run.RequireMemoryForF32(path);
        using Model exact = Model.Load(path, new ModelLoadOptions { Storage = WeightStorage.F32 });
        if (exact.Spec.Task != ModelTask.CausalLanguageModel || exact.Spec.Last.ReadsAgain)
        {
            throw new LabSkipException(new($"A model for text from left to right is needed; this one is {exact.Spec.Family}.",
                $"需要从左到右的语言模型;此模型为 {exact.Spec.Family}。"));
        }

        run.Say("a text of the model's own");
        int[][] texts = OwnTexts(run, exact);
        double[][] truth = LogProbabilities(run.Ops, exact, texts);
        (string Name, double Bits)[] formats = FormatsFor(run, exact);
        string folder = Directory.CreateTempSubdirectory("seriatim-lab-").FullName;
        try
        {
            var found = new List<Found> { new("f32", 32, exact.WeightBytes, 0, 0, Perplexity(truth, texts)) };
            List<Model> models = [exact];
            try
            {
                foreach ((string name, double bits) in formats)
                {
                    run.Say(name);
                    (Model model, Found one) = Examine(run, path, Path.Combine(folder, $"{name}.gguf"), name, texts, truth);
                    models.Add(model);
                    found.Add(one with { Bits = bits });
                }

                run.Say("times");
                double[] seconds = LabClock.ByTurns(run, run.Pick(1, 3, 5),
                    [.. models.Select(model => (Action)(() => Decode(run.Ops, model, run.Pick(4, 24, 48))))]);
                Report(run, found, seconds, texts.Sum(text => text.Length - 1));
            }
            finally
            {
                models.Skip(1).ToList().ForEach(model => model.Dispose());
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void RequireExact(string path)
    {
        using Model stored = Model.Load(path);
        if (stored.Matrices.Count > 0)
        {
            throw new LabSkipException(new(
                $"{stored.Matrices.Count} of its matrices are in blocks of {stored.Matrices[0].Type} already; an "
                    + "exact model is needed.",
                $"模型已有 {stored.Matrices.Count} 个矩阵量化为 {stored.Matrices[0].Type};需要未量化的模型。"));
        }
    }

    private static (string Name, double Bits)[] FormatsFor(LabRun run, Model model)
    {
        bool isLarge = model.ParameterCount > Large;
        int[] columns = [.. model.Parameters.Select(p => p.Parameter).Where(p => p.Layout == ParameterLayout.Panels)
            .Select(p => p.Columns)];
        if (columns.FirstOrDefault(count => count % 32 != 0) is > 0 and var odd)
        {
            throw new LabSkipException(new($"Rows of {odd} values cannot be cut into blocks of 32.",
                $"每行 {odd} 个值,无法切成 32 个一块。"));
        }

        if (isLarge)
            run.Note(new("A few formats only: the model is large.", "模型较大,只测部分格式。"));
        return
        [
            .. Formats.Where(f => OneKind.Any(kind => kind.Name == f.Name) || (!isLarge && run.Size != LabSize.Tiny)),
            .. LargeBlocks.Where(f => columns.All(count => count % 256 == 0) && run.Size != LabSize.Tiny
                && (!isLarge || f.Name is "q4_k_m" or "q2_k")),
        ];
    }

    /// <summary>Writes and opens a format: with exact activations for the law of weights, and as it runs.</summary>
    private static (Model Model, Found Found) Examine(LabRun run, string source, string file, string name, int[][] texts,
        double[][] truth)
    {
        ModelConverter.ToGguf(source, file, QuantizationMix.Parse(name, pure: true));
        double weightsAlone;
        using (Model opened = Model.Load(file, new ModelLoadOptions { Storage = WeightStorage.F32 }))
            weightsAlone = Divergence(truth, LogProbabilities(run.Ops, opened, texts));
        Model model = Model.Load(file);
        double[][] own = LogProbabilities(run.Ops, model, texts);
        double values = model.Matrices.Sum(m => (double)m.Rows * m.Columns);
        return (model, new Found(name, 0, model.Matrices.Sum(m => m.Bytes), weightsAlone, Divergence(truth, own),
            Perplexity(own, texts))
        {
            Values = values,
        });
    }

    /// <summary>Log-probabilities of all ids after each id of the texts but the last.</summary>
    private static double[][] LogProbabilities(IOps ops, Model model, int[][] texts)
    {
        var all = new List<double[]>();
        foreach (int[] text in texts)
        {
            RaggedBatch batch = new RaggedBatchBuilder().Add(text.AsSpan(..^1), outputs: Outputs.All).Build();
            using Tensor hidden = model.Forward(ops, batch);
            using Tensor logits = model.Project(ops, hidden);
            HostRows rows = logits.Read();
            for (int row = 0; row < rows.Rows; row++)
                all.Add(Distribution.LogOf(rows.Row(row)));
        }

        return [.. all];
    }

    private static double Divergence(double[][] truth, double[][] other) =>
        truth.Zip(other, Distribution.Divergence).Average();

    private static double Perplexity(double[][] found, int[][] texts)
    {
        int[] labels = [.. texts.SelectMany(text => text[1..])];
        return Math.Exp(-labels.Select((label, row) => found[row][label]).Average());
    }

    private static void Decode(IOps ops, Model model, int tokens)
    {
        var loaded = new LoadedModel(model, ops);
        using MemoryPools pools = loaded.NewMemoryPools(16, tokens / 16 + 2, 4, KeyValueType.F32);
        using SequenceMemory memory = pools.NewMemory();
        int id = 1;
        for (int i = 0; i < tokens; i++)
            id = LabSteps.Next(loaded, memory, [id]);
    }

    /// <summary>
    /// Texts drawn from the exact model at temperature 1: on them the divergence is what a token's log-probability loses.
    /// </summary>
    private static int[][] OwnTexts(LabRun run, Model model)
    {
        int length = Math.Min(run.Pick(12, 64, 128), model.Spec.Context);
        using var engine = new GenerationEngine(new LoadedModel(model, run.Ops), new EngineOptions
        {
            Pages = run.Pick(2, 4, 8) * (length / 16 + 2),
            PrefixCache = false,
        });
        int first = model.Config.BosTokenId ?? 1;
        Task<GenerationResult>[] texts = [.. Enumerable.Range(0,
            run.Pick(2, 4, 8)).Select(i => engine.CompleteAsync(new GenerationRequest
        {
            Prompt = new[] { first },
            MaxNewTokens = length - 1,
            EndIds = [],
            Seed = run.Seed + (ulong)i,
        }, run.Cancellation))];
        return [.. texts.Select(text => (int[])[first, .. text.GetAwaiter().GetResult().Choices[0].TokenIds])];
    }

    private static void Report(LabRun run, List<Found> found, double[] seconds, int tokens)
    {
        for (int i = 1; i < found.Count; i++)
        {
            Found f = found[i];
            run.Count($"bytes-{f.Name}", f.Bytes, "bytes", new($"weights, {f.Name}", $"权重,{f.Name}"));
            run.Count($"divergence-{f.Name}", f.Divergence, "nats/token", new($"divergence, {f.Name}", $"散度,{f.Name}"));
            run.Count($"perplexity-{f.Name}", f.Perplexity / found[0].Perplexity, "x",
                new($"perplexity / that of F32, {f.Name}", $"困惑度 / F32,{f.Name}"));
            run.Measure($"speed-{f.Name}", seconds[0] / seconds[i], "x",
                new($"decoding speed / that of F32, {f.Name}", $"解码速度 / F32,{f.Name}"));
        }

        run.Count("bytes-ratio", found.Skip(1).Select(f => f.Bytes / (f.Values * f.Bits / 8)).MaxBy(ratio => Math.Abs(ratio - 1)),
            "x",
            new("bytes: counted / formula, farthest", "字节:计数 / 公式,最远"));
        Found[] kind = [.. OneKind.Select(one => found.Single(f => f.Name == one.Name))];
        run.Count("law-ratio", Slope([.. OneKind.Select(one => one.Codes)],
            [.. kind.Select(f => Math.Log2(f.WeightsAlone))]) / -2, "x",
            new("log2 of the divergence a bit, exact activations: measured / -2", "每位散度的 log2(激活精确):测量 / -2"));
        run.Note(new("The text is the model's own, drawn at temperature 1 with exact weights.", "文本由精确权重的模型在温度 1 下自行生成。"));
        run.Note(new("As it runs, activations have eight bits too: what that adds is the difference of both columns.",
            "实际运行时激活也是八位:两列之差即其影响。"));
        run.Add(new LabTable(new($"{tokens} tokens of the model's own", $"模型自己生成的 {tokens} 个词元"),
        [
            new("format", "格式"), new("bits a value", "每值位数"), "MiB", new("divergence of the weights", "权重的散度"),
            new("divergence as it runs", "实际散度"), new("perplexity", "困惑度"), new("speed", "速度"),
        ],
        [
            .. found.Select((f, i) => (IReadOnlyList<string>)[f.Name, $"{f.Bits:0.##}", $"{f.Bytes / 1048576.0:F2}",
                $"{f.WeightsAlone:E2}",
                $"{f.Divergence:E2}", $"{f.Perplexity:F3}", $"{seconds[0] / seconds[i]:F2}"]),
        ], Timed: true));
        Found[] sorted = [.. found.Skip(1).OrderBy(f => f.Bits)];
        double[] x = [.. sorted.Select(f => f.Bits)];
        run.Plot = new LabPlot(new("Divergence by bits", "位数与散度"), new("bits a value", "每值位数"), new("nats a token", "奈特/词元"),
        [
            new(new("weights alone", "仅权重"), x, [.. sorted.Select(f => f.WeightsAlone)]),
            new(new("as it runs", "实际运行"), x, [.. sorted.Select(f => f.Divergence)]),
        ])
        { LogY = true };
    }

    /// <summary>By least squares.</summary>
    private static double Slope(double[] x, double[] y)
    {
        (double meanX, double meanY) = (x.Average(), y.Average());
        return x.Zip(y, (a, b) => (a - meanX) * (b - meanY)).Sum() / x.Sum(a => (a - meanX) * (a - meanX));
    }

    private sealed record Found(string Name, double Bits, long Bytes, double WeightsAlone, double Divergence, double Perplexity)
    {
        public double Values { get; init; }
    }
}
