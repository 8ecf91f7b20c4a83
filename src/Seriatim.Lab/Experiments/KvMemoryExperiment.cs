namespace Seriatim.Lab;

/// <summary>What a token leaves in memory: by the formula, and counted in the pages of a running engine.</summary>
internal sealed class KvMemoryExperiment : Experiment
{
    private const int PageSize = 16;

    /// <summary>Values of a head are kept in runs of so many.</summary>
    private const int Lanes = 16;

    public override string Name => "kv-memory";

    public override LabText Title => new("What a token leaves in memory", "一个词元留下多少内存");

    public override LabText Claim => new(
        "Each token of a sequence keeps 2 x layers x width x bytes; grouped heads and smaller numbers divide it.",
        "序列的每个词元占用 2 × 层数 × 宽度 × 字节数;分组头和更小的数值格式按比例减少它。");

    public override string Source => "Kwon et al., 2023: PagedAttention, section 2.2; Ainslie et al., 2023: GQA, section 2.2";

    public override string Formula => "bytes = 2 * layers * kv_heads * head_dim * bytes_of_a_number * T";

    public override IReadOnlyList<Expectation> Rule { get; } =
    [
        Expectation.Exactly("f32-ratio", new("F32: counted / formula is 1", "F32:计数 / 公式为 1"), 1),
        Expectation.Exactly("f16-ratio", new("F16: counted / formula is 1", "F16:计数 / 公式为 1"), 1),
        new("q8-ratio", new("Q8 with its scales: counted / formula is 1 to 1.125", "Q8 含缩放因子:计数 / 公式为 1 至 1.125"), 1, 1.125, 0.9,
            1.3),
        Expectation.Exactly("llama-7b-gib",
            new("LLaMA-7B, 2,048 tokens, F16, by the layout of pages: 1 GiB", "LLaMA-7B,2,048 个词元,F16:1 GiB"), 1),
    ];

    public override bool TakesModel => true;

    public override async Task RunAsync(LabRun run)
    {
        int tokens = run.Pick(48, 256, 1024);
        var series = new List<PlotSeries>();
        var rows = new List<IReadOnlyList<string>>();
        foreach ((KeyValueType type, string name, double bytes) in
            ((KeyValueType, string, double)[])[(KeyValueType.F32, "f32", 4), (KeyValueType.F16, "f16", 2),
                (KeyValueType.Q8, "q8", 1)])
        {
            using LanguageModel model = await run.OpenAsync("stories", new EngineOptions
            {
                KeyValueType = type,
                PageSize = PageSize,
                PrefixCache = false,
            });
            double formula = PerToken(model.Model.Spec, bytes);
            if (rows.Count == 0
                && FullAttention.LayersOf(model.Model.Spec).FirstOrDefault(a => a.HeadDim % Lanes != 0) is { } narrow)
            {
                run.Note(new($"Heads of {narrow.HeadDim} features lie in multiples of {Lanes}: more than the formula says.",
                    $"每头 {narrow.HeadDim} 维,在内存中按 {Lanes} 的倍数存放:多于公式所示。"));
            }

            int length = Math.Min(tokens, model.Model.Spec.Context) / PageSize * PageSize;
            double counted = (double)Count(run, model.Model, type, length) / length;
            run.Count($"{name}-bytes", counted, "bytes/token",
                new($"counted, {name.ToUpperInvariant()}", $"计数,{name.ToUpperInvariant()}"));
            run.Count($"{name}-ratio", counted / formula, "x",
                new($"counted / formula, {name.ToUpperInvariant()}", $"计数 / 公式,{name.ToUpperInvariant()}"));
            rows.Add([name.ToUpperInvariant(), $"{formula:N0}", $"{counted:N1}", $"{counted / formula:F3}"]);
            double[] lengths = [512, 1024, 2048, 4096, 8192];
            series.Add(new PlotSeries(name.ToUpperInvariant(), lengths, [.. lengths.Select(n => n * counted / (1 << 20))]));
        }

        run.Add(new LabTable(new("Bytes a token", "每个词元的字节数"),
            [new("kept as", "格式"), new("formula", "公式"), new("counted", "计数"), new("ratio", "比值")], rows, Timed: false));
        run.Count("llama-7b-gib", KeyValuePool.BytesPerPosition(32, 32, 128, KeyValueType.F16) * 2048.0 / (1 << 30), "GiB",
            new("LLaMA-7B (32 layers, width 4,096) at 2,048 tokens in F16", "LLaMA-7B(32 层,宽 4,096),2,048 个词元,F16"));
        run.Plot = new LabPlot(new("Memory of one sequence", "一个序列的内存"), new("tokens", "词元"), new("MiB", "MiB"), series);
    }

    private static double PerToken(ModelSpec spec, double bytes) =>
        FullAttention.LayersOf(spec).Sum(attention => 2.0 * attention.KeyValueHeads * attention.HeadDim * bytes);

    /// <summary>Bytes of the pages that a sequence holds after a prompt has gone through the model.</summary>
    private static long Count(LabRun run, Model model, KeyValueType type, int tokens)
    {
        run.Say($"{tokens} tokens, {type}");
        using MemoryPools pools = model.NewMemoryPools(PageSize, tokens / PageSize + 2, type: type);
        using SequenceMemory memory = model.NewMemory(pools);
        int[] ids = [.. Enumerable.Range(0, tokens).Select(i => 10 + i % 50)];
        var batch = new RaggedBatchBuilder().Add(ids, memory).Build();
        using (model.Forward(run.Ops, batch))
            batch.Commit();
        long held = Enumerable.Range(0, pools.Count).Sum(kind => (pools[kind].Units - pools[kind].Free) * pools[kind].UnitBytes);
        return held == memory.Bytes
            ? held
            : throw new InvalidOperationException($"The pools gave {held} bytes; the sequence says it holds {memory.Bytes}.");
    }
}
