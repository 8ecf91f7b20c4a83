namespace Seriatim.Lab;

/// <summary>The same tokens in one pass and one by one: what is parallel, and what it does to the machine.</summary>
internal sealed class ParallelSerialExperiment : Experiment
{
    private const int PageSize = 16;
    private const int Together = 16;

    public override string Name => "parallel-serial";

    public override LabText Title => new("Training in parallel, decoding one by one", "训练并行,解码串行");

    public override LabText Claim => new(
        "Training and reading take T tokens in one pass, bound by arithmetic; decoding takes T passes, bound by memory.",
        "训练和读取提示一次前向处理 T 个词元,受算力限制;解码需要 T 次前向,受读取权重的带宽限制。");

    public override string Source =>
        "Vaswani et al., 2017, sections 3.2.3 and 5; Pope et al., 2022, section 2.1; Williams et al., 2009 (roofline)";

    public override string Formula =>
        "seconds of a pass >= max(multiply-adds / FMA limit, bytes read / read limit); training = 3 x reading";

    public override IReadOnlyList<Expectation> Rule { get; } =
    [
        Expectation.Exactly("passes-ratio", new("decoding takes T passes for each of reading", "解码的前向次数是读取的 T 倍"), 1),
        Expectation.Exactly("same-bits", new("both give the same logits, to the bit", "两者的输出逐位相同"), 1),
        Expectation.AtLeast("reading-gain", new("reading is at least 3 times as fast as decoding", "读取速度至少是解码的 3 倍"), 3, 1.5),
        new("reading-gain-ratio", new("that gain: measured / roofline is 0.5 to 2", "该倍数:测量 / 屋顶线模型为 0.5 至 2"), 0.5, 2, 0.2, 5),
        new("training-ratio", new("training: 3 x seconds of reading, within 1.5", "训练:读取用时的 3 倍,误差 1.5 倍以内"),
            1 / 1.5, 1.5, 1 / 3.0, 3),
        Expectation.AtLeast("share-gain",
            new("reading uses at least 3 times the share of the FMA limit", "读取对算力上限的利用率至少是解码的 3 倍"),
            3, 1.5),
    ];

    public override bool TakesModel => true;

    public override async Task RunAsync(LabRun run)
    {
        using Model model = await LoadAsync(run);
        int tokens = Math.Min(run.Pick(24, 96, 512), model.Spec.Context - 1);
        int[] ids = [.. Enumerable.Range(0, tokens + 1).Select(i => (i * 7919 + 11) % model.Spec.Last.Vocabulary)];
        var counted = new CountedModel(new LoadedModel(model, run.Ops));
        using MemoryPools pools = counted.NewMemoryPools(PageSize, Together * (tokens / PageSize + 2), 4 * Together,
            KeyValueType.F32);
        Check(run, counted, pools, ids[..tokens]);

        TrainingBatch lesson = Lesson(ids);
        int few = Math.Max(1, tokens / 8);
        Phase[] phases =
        [
            new(new("training", "训练"), tokens, 1, 3, () => LossPass.Train(model, run.Ops, lesson)),
            new(new("reading", "读取"), tokens, 1, 1, () => Read(counted, pools, ids[..tokens])),
            new(new("decoding", "解码"), 1, tokens, 1, () => Decode(counted, pools, ids[..tokens], 1)),
            new(new($"decoding, {Together} at once", $"解码,{Together} 个同时"), Together, few, 1,
                () => Decode(counted, pools, ids[..few], Together)),
        ];
        run.Say("memory");
        foreach (Phase phase in phases)
            phase.PeakBytes = PoolPeak.Of(phase.Run) + (phase.Passes > 1 || phase.Factor == 1
                ? model.BytesPerPosition * tokens * Math.Max(1, phase.Passes > 1 ? phase.Rows : 1) : Gradients(model));
        run.Say("times");
        double[] seconds = LabClock.ByTurns(run, run.Pick(1, 2, 5), [.. phases.Select(phase => phase.Run)]);
        Report(run, model, phases, seconds, tokens);
    }

    /// <summary>The user's model, exact; else a random one that is larger than the caches of most machines.</summary>
    private static async Task<Model> LoadAsync(LabRun run)
    {
        if (!run.HasModel)
        {
            Model random = RandomModels.Llama(run.Pick(64, 512, 512), run.Pick(2, 8, 8), 1024, run.Pick(256, 4096, 4096));
            run.Note(RandomModels.Note(random));
            return random;
        }

        string path = await run.ResolveAsync("");
        run.RequireMemoryForF32(path);
        Model model = Model.Load(path, new ModelLoadOptions { Storage = WeightStorage.F32 });
        LabText? reason = model switch
        {
            { Spec.Task: not ModelTask.CausalLanguageModel } => new(
                $"It is a model for {model.Spec.Task}; one for text from left to right is needed.",
                $"这是 {model.Spec.Task} 模型;需要从左到右的语言模型。"),
            { Spec.Last.ReadsAgain: true } => new(
                $"A {model.Spec.Family} model reads the whole text again at each step.", $"{model.Spec.Family} 模型每一步都重新读取全文。"),
            _ when model.WeightBytes > GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4 => new(
                $"Training needs weights and gradients in F32, {model.WeightBytes * 2 >> 20} MiB, too much for this machine.",
                $"训练需要 F32 的权重和梯度,共 {model.WeightBytes * 2 >> 20} MiB,本机内存不足。"),
            _ => null,
        };
        if (reason is null)
            return model;
        model.Dispose();
        throw new LabSkipException(reason);
    }

    /// <summary>Passes of both ways, and whether they say the same.</summary>
    private static void Check(LabRun run, CountedModel counted, MemoryPools pools, int[] ids)
    {
        counted.Clear();
        float[] read = Read(counted, pools, ids);
        int reading = counted.Passes.Count;
        counted.Clear();
        float[] decoded = Decode(counted, pools, ids, 1);
        int decoding = counted.Passes.Count;
        run.Count("passes-reading", reading, "", new("passes to read T tokens", "读取 T 个词元的前向次数"));
        run.Count("passes-decoding", decoding, "", new("passes to decode T tokens", "解码 T 个词元的前向次数"));
        run.Count("passes-ratio", (double)decoding / reading / ids.Length, "x", new("passes: counted / T", "前向次数:计数 / T"));
        bool same = read.AsSpan().SequenceEqual(decoded);
        run.Count("same-bits", same ? 1 : 0, "", new("1: the same logits, to the bit", "1:输出逐位相同"));
    }

    /// <summary>All tokens in one pass; the logits after the last.</summary>
    internal static float[] Read(IGenerationModel model, MemoryPools pools, int[] ids)
    {
        using SequenceMemory memory = pools.NewMemory();
        return LabSteps.Logits(model, memory, ids);
    }

    /// <summary>The same tokens one by one, in so many sequences at once; the logits after the last.</summary>
    internal static float[] Decode(IGenerationModel model, MemoryPools pools, int[] ids, int sequences)
    {
        SequenceMemory[] memories = [.. Enumerable.Range(0, sequences).Select(_ => pools.NewMemory())];
        float[] logits = [];
        foreach (int id in ids)
        {
            if (sequences == 1)
                logits = LabSteps.Logits(model, memories[0], [id]);
            else
                LabSteps.Next(model, [.. memories.Select(memory => (memory, new[] { id }))]);
        }

        foreach (SequenceMemory memory in memories)
            memory.Dispose();
        return logits;
    }

    private static TrainingBatch Lesson(int[] ids) => new(
        new RaggedBatchBuilder().Add(ids.AsSpan(..^1), outputs: Outputs.All).Build(), null,
        [.. Enumerable.Range(0, ids.Length - 1)], ids[1..]);

    private static void Report(LabRun run, Model model, Phase[] phases, double[] seconds, int tokens)
    {
        ModelWork work = ModelWork.Of(model);
        double[] rates = [.. phases.Select((phase, i) => phase.Passes * phase.Rows / seconds[i])];
        var rows = new List<IReadOnlyList<string>>();
        var shares = new double[phases.Length];
        for (int i = 0; i < phases.Length; i++)
        {
            Phase phase = phases[i];
            bool all = phase.Factor > 1;
            double each = phase.Factor * ((all || phase.Passes > 1 ? work.MultiplyAdds : work.WithoutHead)
                + work.Attention(tokens / 2.0));
            double bytes = phase.Passes * phase.Factor * (double)model.WeightBytes / (phase.Passes * phase.Rows);
            shares[i] = each * rates[i] / run.Limits.F32MultiplyAddsPerSecond;
            double reads = bytes * rates[i] / run.Limits.ReadBytesPerSecond;
            rows.Add([phase.Name.English, $"{phase.Passes:N0}", $"{phase.Rows:N0}", $"{each / 1e6:F1}", $"{bytes / 1e6:F2}",
                $"{phase.PeakBytes / 1048576.0:F1}", $"{rates[i]:N0}", $"{shares[i]:P0}", $"{reads:P0}"]);
        }

        double macs = work.MultiplyAdds / run.Limits.F32MultiplyAddsPerSecond;
        double read = model.WeightBytes / run.Limits.ReadBytesPerSecond;
        double predicted = Math.Max(macs, read) / Math.Max(macs, read / tokens);
        double gain = rates[1] / rates[2];
        run.Measure("training-rate", rates[0], "tokens/s", new("training", "训练"));
        run.Measure("reading-rate", rates[1], "tokens/s", new("reading a prompt", "读取提示"));
        run.Measure("decoding-rate", rates[2], "tokens/s", new("decoding", "解码"));
        run.Measure("together-rate", rates[3], "tokens/s", new($"decoding {Together} sequences at once", $"同时解码 {Together} 个序列"));
        run.Measure("reading-gain", gain, "x", new("reading / decoding", "读取 / 解码"));
        run.Measure("reading-gain-ratio", gain / predicted, "x", new("that gain: measured / roofline", "该倍数:测量 / 屋顶线"));
        run.Measure("training-ratio", rates[1] / rates[0] / 3, "x", new("training: measured / 3 x reading", "训练:测量 / 3 倍读取"));
        run.Measure("reading-share", shares[1], "", new("share of the FMA limit, reading", "读取的算力利用率"));
        run.Measure("decoding-share", shares[2], "", new("share of the FMA limit, decoding", "解码的算力利用率"));
        run.Measure("share-gain", shares[1] / shares[2], "x", new("reading's share / decoding's", "读取利用率 / 解码利用率"));
        run.Add(new LabTable(new($"Training against inference, T = {tokens}", $"训练与推理的对比,T = {tokens}"),
        [
            new("phase", "阶段"), new("passes (serial)", "前向次数(串行)"), new("rows a pass (parallel)", "每次行数(并行)"),
            new("million multiply-adds a token", "每词元百万次乘加"), new("MB of weights a token", "每词元读取权重 MB"),
            new("MiB beside the weights", "权重之外的 MiB"), new("tokens/s", "词元/秒"), new("of the FMA limit", "算力利用率"),
            new("of the read limit", "带宽利用率"),
        ], rows, Timed: true)
        {
            Names = [.. phases.Select(phase => phase.Name)],
        });
        run.Plot = new LabPlot(new("Tokens a second", "每秒词元数"), new("", ""), new("tokens/s", "词元/秒"),
            [new(new("tokens/s", "词元/秒"), [0, 1, 2, 3], rates)])
        {
            LogY = true,
            Names = [.. phases.Select(phase => phase.Name)],
        };
    }

    private static long Gradients(Model model) => model.Parameters.Sum(p => 4L * p.Parameter.Rows * p.Parameter.Columns);

    /// <summary>A way to send the tokens through the model.</summary>
    /// <param name="Name">For the table.</param>
    /// <param name="Rows">Rows of a pass.</param>
    /// <param name="Passes">Passes, one after the other.</param>
    /// <param name="Factor">Work of a pass, in forward passes.</param>
    /// <param name="Run">Does it.</param>
    private sealed record Phase(LabText Name, int Rows, int Passes, int Factor, Action Run)
    {
        public long PeakBytes { get; set; }
    }
}
