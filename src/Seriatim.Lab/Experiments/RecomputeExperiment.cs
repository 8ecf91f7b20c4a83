namespace Seriatim.Lab;

/// <summary>Generation with and without remembering keys and values: rows that really run, and their time.</summary>
internal sealed class RecomputeExperiment : Experiment
{
    private const int PageSize = 16;

    public override string Name => "recompute";

    public override LabText Title => new("What the KV cache saves", "KV 缓存省下了什么");

    public override LabText Claim => new(
        "Without a cache a text of T tokens costs T(T+1)/2 rows of the model, with it T: quadratic becomes linear.",
        "没有缓存时,生成 T 个词元需要模型计算 T(T+1)/2 行;有缓存时只需 T 行:平方变为线性。");

    public override string Source => "Shazeer, 2019: Fast Transformer Decoding, section 2.3; Pope et al., 2022, section 2.1";

    public override string Formula => "rows without = T (T + 1) / 2; rows with = T; gain = (T + 1) / 2";

    public override IReadOnlyList<Expectation> Rule { get; } =
    [
        Expectation.Exactly("rows-without-ratio", new("without: counted / formula is 1", "无缓存:计数 / 公式为 1"), 1),
        Expectation.Exactly("rows-with-ratio", new("with: counted / formula is 1", "有缓存:计数 / 公式为 1"), 1),
        Expectation.Exactly("same-text", new("both ways give the same ids", "两种方式给出相同的词元"), 1),
        new("rows-exponent-without", new("rows without grow with exponent 1.8 to 2", "无缓存的行数指数为 1.8 至 2"), 1.8, 2, 1.6, 2.2),
        new("rows-exponent-with", new("rows with grow with exponent 1", "有缓存的行数指数为 1"), 0.999, 1.001, 0.9, 1.1),
        new("seconds-exponent-without", new("seconds without: exponent 1.6 to 2.3", "无缓存的时间指数为 1.6 至 2.3"),
            1.6, 2.3, 1.2, 2.6),
        new("seconds-exponent-with", new("seconds with: exponent 0.8 to 1.25", "有缓存的时间指数为 0.8 至 1.25"),
            0.8, 1.25, 0.6, 1.5),
        new("gain-ratio", new("gain in time: measured / formula is 0.5 to 1.5", "时间收益:测量 / 公式为 0.5 至 1.5"),
            0.5, 1.5, 0.02, 3),
    ];

    public override bool TakesModel => true;

    public override async Task RunAsync(LabRun run)
    {
        using LanguageModel opened = await run.OpenAsync("stories");
        if (opened.Model.Spec.Last.ReadsAgain)
        {
            throw new LabSkipException(new(
                $"A {opened.Model.Spec.Family} model remembers ids alone and reads them again; it has no cache to compare with.",
                $"{opened.Model.Spec.Family} 模型只记住词元并重新读取;没有可比较的缓存。"));
        }

        int longest = Longest(run, opened.Model);
        int[] lengths = [.. new[] { longest / 8, longest / 4, longest / 2, longest }.Where(n => n > 0).Distinct()];
        int first = LabPrompts.Ids(opened.Tokenizer, 1)[0];
        var model = new CountedModel(new LoadedModel(opened.Model, run.Ops));
        using MemoryPools pools = model.NewMemoryPools(PageSize, longest / PageSize + 2, 4, KeyValueType.F32);
        List<double> rowsWith = [], rowsWithout = [], secondsWith = [], secondsWithout = [];
        bool same = true;
        foreach (int length in lengths.Reverse()) // the longest first: until it is done, all code has been compiled
        {
            run.Say($"{length} tokens");
            (int[] with, long countWith) = Counted(model, first, length, pools);
            (int[] without, long countWithout) = Counted(model, first, length, null);
            same &= with.SequenceEqual(without);
            rowsWith.Insert(0, countWith);
            rowsWithout.Insert(0, countWithout);
            int times = longest / length; // as many tokens are timed of short texts as of long ones
            double[] seconds = LabClock.ByTurns(run, run.Pick(1, 3, 5),
                () => Repeat(times, () => Generate(model, first, length, pools)),
                () => Repeat(times, () => Generate(model, first, length, null)));
            secondsWith.Insert(0, seconds[0] / times);
            secondsWithout.Insert(0, seconds[1] / times);
        }

        double[] x = [.. lengths.Select(n => (double)n)];
        run.Count("rows-with", rowsWith[^1], "rows", new($"rows with, T = {longest}", $"有缓存的行数,T = {longest}"));
        run.Count("rows-without", rowsWithout[^1], "rows", new($"rows without, T = {longest}", $"无缓存的行数,T = {longest}"));
        run.Count("rows-with-ratio", Farthest(rowsWith.Zip(x, (rows, n) => rows / n)), "x",
            new("with: counted / formula", "有缓存:计数 / 公式"));
        run.Count("rows-without-ratio", Farthest(rowsWithout.Zip(x, (rows, n) => rows / (n * (n + 1) / 2))), "x",
            new("without: counted / formula", "无缓存:计数 / 公式"));
        run.Count("same-text", same ? 1 : 0, "", new("1: both give the same ids", "1:两者给出相同的词元"));
        run.Count("rows-exponent-with", LabClock.Exponent(x, rowsWith), "", new("exponent of rows with", "有缓存行数的指数"));
        run.Count("rows-exponent-without", LabClock.Exponent(x, rowsWithout), "", new("exponent of rows without", "无缓存行数的指数"));
        run.Measure("seconds-exponent-with", LabClock.Exponent(x, secondsWith), "",
            new("exponent of seconds with", "有缓存用时的指数"));
        run.Measure("seconds-exponent-without", LabClock.Exponent(x, secondsWithout), "",
            new("exponent of seconds without", "无缓存用时的指数"));
        double gain = secondsWithout[^1] / secondsWith[^1];
        run.Measure("gain", gain, "x", new($"gain in time, T = {longest}", $"时间收益,T = {longest}"));
        run.Measure("gain-ratio", gain / ((longest + 1) / 2.0), "x", new("gain: measured / formula", "收益:测量 / 公式"));
        run.Note(new("Rows of one pass share the reading of the weights, rows of T passes do not: time gains less than rows.",
            "同一次前向的各行共用一次权重读取,而 T 次前向则不能:因此时间收益小于行数收益。"));
        run.Add(new LabTable(new("Rows and milliseconds", "行数与毫秒"),
            ["T", new("rows with", "有缓存行数"), new("rows without", "无缓存行数"), new("ms with", "有缓存毫秒"),
                new("ms without", "无缓存毫秒"), new("gain", "收益")],
            [.. lengths.Select((n, i) => (IReadOnlyList<string>)[$"{n}", $"{rowsWith[i]:N0}", $"{rowsWithout[i]:N0}",
                $"{secondsWith[i] * 1e3:F1}", $"{secondsWithout[i] * 1e3:F1}", $"{secondsWithout[i] / secondsWith[i]:F1}"])],
            Timed: true));
        run.Plot = new LabPlot(new("Time of a text", "生成一段文本的时间"), new("tokens", "词元"), new("milliseconds", "毫秒"),
        [
            new(new("without cache", "无缓存"), x, [.. secondsWithout.Select(s => s * 1e3)]),
            new(new("with cache", "有缓存"), x, [.. secondsWith.Select(s => s * 1e3)]),
        ])
        { LogX = true, LogY = true };
    }

    /// <summary>Generates as many ids as it reads: the first is given, each of the others is the most likely one.</summary>
    /// <param name="model">The model.</param>
    /// <param name="first">The first id.</param>
    /// <param name="length">Ids that go through the model in all, T.</param>
    /// <param name="pools">Where keys and values are remembered; null: each step reads the whole text again.</param>
    internal static int[] Generate(IGenerationModel model, int first, int length, MemoryPools? pools)
    {
        int[] ids = new int[length + 1];
        ids[0] = first;
        using SequenceMemory? memory = pools?.NewMemory();
        for (int i = 0; i < length; i++)
            ids[i + 1] = LabSteps.Next(model, memory, pools is null ? ids.AsSpan(0, i + 1) : ids.AsSpan(i, 1));
        return ids;
    }

    private static void Repeat(int times, Action work)
    {
        for (int i = 0; i < times; i++)
            work();
    }

    private static (int[] Ids, long Rows) Counted(CountedModel model, int first, int length, MemoryPools? pools)
    {
        model.Clear();
        int[] ids = Generate(model, first, length, pools);
        return (ids, model.Rows);
    }

    /// <summary>The longest text whose rows without a cache are so much work; the model's context may be shorter.</summary>
    private static int Longest(LabRun run, Model model)
    {
        double rows = run.Pick(1e9, 3e10, 2e11) / model.ParameterCount;
        int wanted = Math.Min(run.Pick(24, 144, 192), model.Spec.Context);
        int longest = Math.Clamp((int)Math.Sqrt(2 * rows), 8, wanted);
        if (longest < wanted)
        {
            run.Note(new($"At most {longest} tokens: {wanted} without a cache would take too long with this model.",
                $"最多 {longest} 个词元:此模型无缓存计算 {wanted} 个会太久。"));
        }

        return longest;
    }

    /// <summary>The ratio that is farthest from 1: all of them must be 1.</summary>
    private static double Farthest(IEnumerable<double> ratios) => ratios.MaxBy(ratio => Math.Abs(ratio - 1));
}
