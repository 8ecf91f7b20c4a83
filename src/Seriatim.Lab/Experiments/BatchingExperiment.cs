using System.Diagnostics;

namespace Seriatim.Lab;

/// <summary>One trace of requests, served in three ways: padded batches, batches without padding, and continuously.</summary>
internal sealed class BatchingExperiment : Experiment
{
    private const int Slots = 4;
    private const int PageSize = 16;

    /// <summary>Four answers side by side: the picture by which batching is explained.</summary>
    private static readonly int[] Picture = [20, 10, 24, 7];

    public override string Name => "batching";

    public override LabText Title => new("Static and continuous batching", "静态批处理与连续批处理");

    public override LabText Claim => new(
        "A static batch waits for its longest answer; joining and leaving at each step leaves few slots idle and answers sooner.",
        "静态批要等最长的回答结束;每一步都可加入和离开的连续批处理几乎没有空行,也更早给出首个词元。");

    public override string Source => "Yu et al., 2022: Orca, section 3.1 (iteration-level scheduling)";

    public override string Formula =>
        "idle share of a static batch = 1 - sum(answers) / (slots x longest answer); gain = passes static / passes continuous";

    public override IReadOnlyList<Expectation> Rule { get; } =
    [
        Expectation.Exactly("picture-ratio",
            new("20 / 10 / 24 / 7: idle rows counted / formula is 1", "20 / 10 / 24 / 7:空行计数 / 公式为 1"), 1),
        Expectation.Exactly("idle-ratio", new("the trace: idle share counted / formula is 1", "整个请求序列:空行计数 / 公式为 1"), 1),
        Expectation.AtMost("idle-cut", new("continuous: at most half the idle share of static", "连续批的空闲至多为静态的一半"), 0.5, 0.9),
        Expectation.AtMost("first-token-cut", new("first token after at most 0.8 of the passes", "首词元所需前向次数至多 0.8 倍"), 0.8, 0.97),
        Expectation.AtLeast("speed-gain", new("continuous: at least 1.3 x the tokens/s of padded", "连续批的词元/秒至少为填充批的 1.3 倍"), 1.3,
            1.02),
        new("speed-gain-ratio", new("that gain: measured / formula is 0.7 to 1.5", "该倍数:测量 / 公式为 0.7 至 1.5"), 0.7, 1.5, 0.4, 3),
    ];

    public override bool TakesModel => true;

    public override async Task RunAsync(LabRun run)
    {
        using LanguageModel opened = await run.OpenAsync("stories");
        var model = new CountedModel(new LoadedModel(opened.Model, run.Ops));
        ShowPicture(run, model, opened.Tokenizer);

        Asked[] trace = Trace(run, opened);
        int most = trace.Max(asked => asked.Prompt.Length + asked.Answer);
        using MemoryPools pools = model.NewMemoryPools(PageSize, Slots * (most / PageSize + 2), 4 * Slots, KeyValueType.F32);
        using var engine = new GenerationEngine(model, new EngineOptions
        {
            PageSize = PageSize,
            Pages = (Slots + 1) * (most / PageSize + 2),
            MaxSequences = Slots,
            PrefixCache = false,
            StepTime = Timeout.InfiniteTimeSpan,
        });
        Served[] all = new Served[3];
        run.Say($"{trace.Length} requests");
        double[] seconds = LabClock.ByTurns(run, run.Pick(1, 3, 5),
            () => all[0] = Static(model, pools, trace, isPadded: true),
            () => all[1] = Static(model, pools, trace, isPadded: false),
            () => all[2] = ContinuousAsync(run, model, engine, trace).GetAwaiter().GetResult());
        Report(run, trace, all, seconds);
    }

    /// <summary>Batches of so many requests in their order, each until the longest answer is done.</summary>
    /// <param name="model">Counts.</param>
    /// <param name="pools">Room for a batch.</param>
    /// <param name="trace">The requests.</param>
    /// <param name="isPadded">Whether prompts are filled up and who is done goes on until the last one is.</param>
    internal static Served Static(CountedModel model, MemoryPools pools, IReadOnlyList<Asked> trace, bool isPadded)
    {
        model.Clear();
        long start = Stopwatch.GetTimestamp();
        var first = new List<(int Passes, double Seconds)>();
        foreach (Asked[] batch in trace.Chunk(Slots))
        {
            int longest = batch.Max(asked => asked.Prompt.Length), steps = batch.Max(asked => asked.Answer);
            SequenceMemory[] memories = [.. batch.Select(_ => pools.NewMemory())];
            int[] next = LabSteps.Next(model, [.. batch.Select((asked, i) => (memories[i],
                isPadded ? [.. Enumerable.Repeat(asked.Prompt[0], longest - asked.Prompt.Length), .. asked.Prompt]
                    : asked.Prompt))]);
            first.AddRange(batch.Select(_ => (model.Passes.Count, Stopwatch.GetElapsedTime(start).TotalSeconds)));
            for (int step = 1; step < steps; step++)
            {
                int[] live = [.. Enumerable.Range(0, batch.Length).Where(i => isPadded || batch[i].Answer > step)];
                int[] chosen = LabSteps.Next(model, [.. live.Select(i => (memories[i], new[] { next[i] }))]);
                for (int i = 0; i < live.Length; i++)
                    next[live[i]] = chosen[i];
            }

            foreach (SequenceMemory memory in memories)
                memory.Dispose();
        }

        return new Served([.. model.Passes], [.. first.Select(f => f.Passes)], [.. first.Select(f => f.Seconds)]);
    }

    /// <summary>The engine: who is done leaves at once, and the next one comes.</summary>
    internal static async Task<Served> ContinuousAsync(LabRun run, CountedModel model, GenerationEngine engine,
        IReadOnlyList<Asked> trace)
    {
        GenerationResult[] results = await LabSteps.TogetherAsync(engine, model, [.. trace.Select(asked => new GenerationRequest
        {
            Prompt = asked.Prompt,
            MaxNewTokens = asked.Answer,
            EndIds = [],
            Sampling = SamplingOptions.Greedy,
            Seed = 0,
        })], run.Cancellation);
        CountedPass[] passes = [.. model.Passes];

        // Requests begin in their order, each with a row that has no past.
        int[] first = [.. passes.SelectMany((pass, at) => Enumerable.Repeat(at + 1, pass.Pasts.Count(past => past == 0)))];
        return new Served(passes, first, [.. results.Select(result => result.Timings.FirstToken!.Value.TotalSeconds)]);
    }

    private static void ShowPicture(LabRun run, CountedModel model, Tokenizer tokenizer)
    {
        int[] prompt = LabPrompts.Ids(tokenizer, 1);
        using MemoryPools pools = model.NewMemoryPools(PageSize, Slots * 4, 4 * Slots, KeyValueType.F32);
        Served served = Static(model, pools, [.. Picture.Select(answer => new Asked(prompt, answer))], isPadded: true);
        long rows = served.Passes.Sum(pass => (long)pass.AllRows);
        run.Count("picture-rows", rows, "rows", new("20 / 10 / 24 / 7 padded: rows", "20 / 10 / 24 / 7 填充后的行数"));
        run.Count("picture-idle", rows - Picture.Sum(), "rows", new("of these idle", "其中空行"));
        run.Count("picture-ratio", (double)(rows - Picture.Sum()) / (Slots * Picture.Max() - Picture.Sum()), "x",
            new("idle rows: counted / formula", "空行:计数 / 公式"));
    }

    private static void Report(LabRun run, Asked[] trace, Served[] all, double[] seconds)
    {
        string[] keys = ["padded", "static", "continuous"];
        LabText[] names = [new("padded", "填充"), new("not padded", "不填充"), new("continuous", "连续")];
        double tokens = trace.Sum(asked => asked.Answer);
        double[] idle = [.. all.Select(served => 1 - tokens / (Slots * (double)served.Passes.Length))];
        double[] waits = [.. all.Select(served => served.FirstPasses.Average())];
        long useful = trace.Sum(asked => asked.Prompt.Length + asked.Answer - 1L);
        var rows = new List<IReadOnlyList<string>>();
        for (int i = 0; i < all.Length; i++)
        {
            run.Count($"idle-{keys[i]}", idle[i], "",
                new($"idle share of the slots, {names[i].English}", $"空闲槽位比例,{names[i].Chinese}"));
            run.Count($"first-passes-{keys[i]}", waits[i], "",
                new($"passes to the first token, {names[i].English}", $"到首词元的前向次数,{names[i].Chinese}"));
            run.Measure($"speed-{keys[i]}", tokens / seconds[i], "tokens/s",
                new($"speed, {names[i].English}", $"速度,{names[i].Chinese}"));
            run.Measure($"first-seconds-{keys[i]}", all[i].FirstSeconds.Average(), "s",
                new($"time to the first token, {names[i].English}", $"首词元时间,{names[i].Chinese}"));
            long done = all[i].Passes.Sum(pass => (long)pass.AllRows);
            rows.Add([names[i].English, $"{all[i].Passes.Length}", $"{done:N0}", $"{done - useful:N0}",
                $"{idle[i]:P0}",
                $"{tokens / seconds[i]:N0}", $"{waits[i]:F1}", $"{all[i].FirstSeconds.Average() * 1e3:F0}"]);
        }

        double formula = 1 - tokens / trace.Chunk(Slots).Sum(batch => (double)Slots * batch.Max(asked => asked.Answer));
        run.Count("idle-ratio", Math.Round(idle[0] / formula, 12), "x",
            new("padded: idle share counted / formula", "填充:空闲计数 / 公式"));
        run.Count("idle-cut", idle[2] / idle[1], "x", new("idle share: continuous / static", "空闲比例:连续 / 静态"));
        run.Count("first-token-cut", waits[2] / waits[1], "x",
            new("passes to the first token: continuous / static", "到首词元的前向次数:连续 / 静态"));
        double gain = seconds[0] / seconds[2], predicted = (double)all[0].Passes.Length / all[2].Passes.Length;
        run.Measure("speed-gain", gain, "x", new("tokens/s: continuous / padded", "词元/秒:连续 / 填充"));
        run.Measure("speed-gain-ratio", gain / predicted, "x", new("that gain: measured / formula", "该倍数:测量 / 公式"));
        run.Add(new LabTable(new($"{trace.Length} requests, {tokens:N0} tokens, {Slots} slots",
            $"{trace.Length} 个请求,{tokens:N0} 个词元,{Slots} 个槽位"),
        [
            new("batches", "批处理"), new("passes", "前向次数"), new("rows", "行数"), new("rows for nothing", "无用行"),
                new("slots idle", "空闲槽位"),
            new("tokens/s", "词元/秒"), new("passes to the first token", "到首词元的前向次数"), new("ms to the first token", "首词元毫秒"),
        ], rows, Timed: true)
        {
            Names = names,
        });
        run.Plot = new LabPlot(new("Slots without work", "空闲的槽位"), new("", ""), new("%", "%"),
            [new(new("idle", "空闲"), [0, 1, 2], [.. idle.Select(share => 100 * share)])])
        { Names = names };
    }

    private static Asked[] Trace(LabRun run, LanguageModel opened)
    {
        var random = new Random((int)run.Seed);
        int longest = Math.Min(run.Pick(16, 64, 64), opened.Model.Spec.Context / 2);
        return [.. Enumerable.Range(0, run.Pick(8, 24, 64)).Select(i => new Asked(
            LabPrompts.Ids(opened.Tokenizer, 2 + random.Next(longest / 2), i),
            Math.Clamp((int)(-longest / 3 * Math.Log(1 - random.NextDouble())), 2, longest)))];
    }

    /// <summary>A request of the trace.</summary>
    /// <param name="Prompt">Ids.</param>
    /// <param name="Answer">New tokens.</param>
    internal sealed record Asked(int[] Prompt, int Answer);

    /// <summary>What serving the trace took.</summary>
    /// <param name="Passes">All passes.</param>
    /// <param name="FirstPasses">For each request the passes until its first token was there.</param>
    /// <param name="FirstSeconds">The same in time.</param>
    internal sealed record Served(CountedPass[] Passes, int[] FirstPasses, double[] FirstSeconds);
}
