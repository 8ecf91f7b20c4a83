namespace Seriatim.Lab;

/// <summary>Drafts that one pass verifies: passes saved, by who drafts and by temperature, and where it loses.</summary>
internal sealed class SpeculationExperiment : Experiment
{
    private const int Drafted = 4;
    private const int Crowd = 8;
    private static readonly float[] Temperatures = [0, 0.7f, 1.2f];

    public override string Name => "speculation";

    public override LabText Title => new("Speculative decoding", "推测解码");

    public override LabText Claim => new(
        "Verifying drafts in one pass gives the same text two to three times as fast, by how many drafts are accepted.",
        "一次前向验证多个草稿词元,输出不变,速度按接受率可达两到三倍。");

    public override string Source => "Leviathan et al., 2023: Fast Inference via Speculative Decoding, equation 1 and table 2";

    public override string Formula => "tokens a pass = (1 - a^(k+1)) / (1 - a), a = chance that a draft is accepted, k = drafts";

    public override IReadOnlyList<Expectation> Rule { get; } =
    [
        Expectation.Exactly("same-text", new("all ways give the ids of plain decoding", "各种方式的词元与普通解码相同"), 1),
        new("formula-ratio", new("tokens a pass: counted / formula is 0.9 to 1.1", "每次前向的词元:计数 / 公式为 0.9 至 1.1"),
            0.9, 1.1, 0.7, 1.4),
        Expectation.AtLeast("best-tokens-a-pass", new("at best at least 2 tokens a pass", "最好时每次前向至少 2 个词元"), 2, 1.1),
        Expectation.AtLeast("best-gain", new("at best twice as fast", "最好时速度为 2 倍"), 2, 1.05),
        Expectation.AtLeast("acceptance-fall", new("temperature does not raise acceptance", "温度升高不会提高接受率"), 0, -0.1),
    ];

    public override bool TakesModel => true;

    public override async Task RunAsync(LabRun run)
    {
        using LanguageModel opened = await run.OpenAsync("stories");
        using Model? draft = run.HasModel ? null : Model.Load(await run.ResolveAsync("stories-draft"));
        if (draft is null)
        {
            run.Note(new("Prompt lookup alone: the small model that drafts belongs to the built-in one.",
                "仅使用提示查找:起草用的小模型属于内置模型。"));
        }

        var model = new CountedModel(new LoadedModel(opened.Model, run.Ops));
        using var engine = new GenerationEngine(model, new EngineOptions
        {
            DraftModel = draft is null ? null : new LoadedModel(draft, run.Ops),
            PrefixCache = false,
            StepTime = Timeout.InfiniteTimeSpan,
        });
        int tokens = Math.Min(run.Pick(16, 64, 128), opened.Model.Spec.Context / 2);
        var points = new List<Point>();
        var decided = new List<Point>(); // by the engine, from its clock: what it drafts is not the same in each run
        foreach (SpeculationKind kind in draft is null ? [SpeculationKind.PromptLookup] : Enum.GetValues<SpeculationKind>())
        {
            foreach (float temperature in run.Pick([Temperatures[0], Temperatures[^1]], Temperatures, Temperatures))
            {
                GenerationRequest[] requests = [.. LabPrompts.Stories.Take(run.Pick(2, 3, 6)).Select(text => new GenerationRequest
                {
                    Prompt = opened.Tokenizer.Encode(text),
                    MaxNewTokens = tokens,
                    EndIds = [],
                    Sampling = new SamplingOptions { Temperature = temperature },
                    Seed = run.Seed,
                })];
                run.Say($"{NameOf(kind).English}, temperature {temperature:0.0}");
                points.Add(Compare(run, model, engine, requests, kind, temperature, isCrowd: false));
                if (temperature == 0 && run.Size != LabSize.Tiny)
                {
                    decided.Add(Compare(run, model, engine, requests, kind, temperature, isCrowd: false, isForced: false));
                    requests = [.. Enumerable.Range(0, Crowd).Select(i => requests[i % requests.Length])];
                    points.Add(Compare(run, model, engine, requests, kind, temperature, isCrowd: true));
                }
            }
        }

        bool same = points.Concat(decided).All(point => point.Same);
        run.Count("same-text", same ? 1 : 0, "", new("1: all ways give the same ids", "1:各种方式词元相同"));
        Report(run, points);
        if (decided.Count > 0)
        {
            run.Measure("decided-gain", decided.Max(point => point.Gain), "x",
                new("gain at best where the engine decides how much to draft", "由引擎决定起草数量时的最好收益"));
        }
    }

    /// <summary>Plain decoding and speculation by turns; then the passes of the latter are counted.</summary>
    private static Point Compare(LabRun run, CountedModel model, GenerationEngine engine, GenerationRequest[] requests,
        SpeculationKind kind, float temperature, bool isCrowd, bool isForced = true)
    {
        var options = new SpeculationOptions { Kind = kind, MaxTokens = Drafted, Always = isForced };
        GenerationRequest[] drafting = [.. requests.Select(request => request with { Speculation = options })];
        List<GenerationResult> plain = [], fast = [];
        var counts = new DraftCounts();
        double[] seconds = LabClock.ByTurns(run, run.Pick(1, 3, 3),
            () => plain = Run(run, model, engine, requests, isCrowd, null),
            () => fast = Run(run, model, engine, drafting, isCrowd, counts = new DraftCounts()));
        bool same = plain.Zip(fast).All(pair =>
            pair.First.Choices[0].TokenIds.SequenceEqual(pair.Second.Choices[0].TokenIds));
        return new Point(kind, temperature, isCrowd, counts, seconds[0] / seconds[1], same);
    }

    /// <summary>Requests one after the other, or all at once.</summary>
    internal static List<GenerationResult> Run(LabRun run, CountedModel model, GenerationEngine engine,
        IReadOnlyList<GenerationRequest> requests, bool isCrowd, DraftCounts? counts)
    {
        if (isCrowd)
            return [.. LabSteps.TogetherAsync(engine, model, requests, run.Cancellation).GetAwaiter().GetResult()];
        var results = new List<GenerationResult>();
        foreach (GenerationRequest request in requests)
        {
            model.Clear();
            results.Add(engine.CompleteAsync(request, run.Cancellation).GetAwaiter().GetResult());
            counts?.Add(model.Passes, results[^1].Choices[0].TokenIds.Count);
        }

        return results;
    }

    private static void Report(LabRun run, List<Point> points)
    {
        Point[] alone = [.. points.Where(point => !point.IsCrowd)];
        foreach (Point point in alone)
        {
            string key = $"{KeyOf(point.Kind)}-{point.Temperature * 10:00}";
            LabText name = new($"{NameOf(point.Kind).English}, temperature {point.Temperature:0.0}",
                $"{NameOf(point.Kind).Chinese},温度 {point.Temperature:0.0}");
            run.Count($"acceptance-{key}", point.Counts.Acceptance, "",
                new($"acceptance, {name.English}", $"接受率,{name.Chinese}"));
            run.Count($"tokens-{key}", point.Counts.TokensPerPass, "tokens/pass",
                new($"tokens a pass, {name.English}", $"每次前向词元,{name.Chinese}"));
            run.Measure($"gain-{key}", point.Gain, "x", new($"gain, {name.English}", $"速度收益,{name.Chinese}"));
        }

        Point best = alone.MaxBy(point => point.Counts.TokensPerPass)!, worst = points.MinBy(point => point.Gain)!;
        run.Count("formula-ratio", best.Counts.TokensPerPass / best.Counts.Predicted, "x",
            new("tokens a pass at best: counted / formula", "最好的每次前向词元:计数 / 公式"));
        run.Count("best-tokens-a-pass", best.Counts.TokensPerPass, "tokens/pass", new("tokens a pass at best", "最好的每次前向词元"));
        run.Measure("best-gain", alone.Max(point => point.Gain), "x", new("gain at best", "最好的速度收益"));
        run.Measure("worst-gain", worst.Gain, "x", new("gain at worst", "最差的速度收益"));
        run.Count("acceptance-fall", points.GroupBy(point => point.Kind).Min(group =>
            group.First(point => point.Temperature == 0).Counts.Acceptance
            - group.Last(point => !point.IsCrowd).Counts.Acceptance), "",
            new($"acceptance at temperature 0 less that at {Temperatures[^1]:0.0}", $"温度 0 与 {Temperatures[^1]:0.0} 的接受率之差"));
        run.Note(new(
            $"Drafts are forced here ({Drafted} a pass), so that losses show; the engine by itself drafts only where it pays.",
            $"这里强制起草(每次 {Drafted} 个)以显示损失;引擎平时只在有收益时起草。"));
        run.Add(new LabTable(new($"Drafts of {Drafted}", $"每次 {Drafted} 个草稿"),
        [
            new("drafts by", "起草者"), new("temperature", "温度"), new("requests at once", "同时请求"), new("accepted", "接受率"),
            new("tokens a pass", "每次前向词元"), new("formula", "公式"), new("gain", "收益"),
        ],
        [
            .. points.Select(point => (IReadOnlyList<string>)[NameOf(point.Kind).English,
                $"{point.Temperature:0.0}", point.IsCrowd ? $"{Crowd}" : "1",
                    point.IsCrowd ? "-" : $"{point.Counts.Acceptance:P0}",
                point.IsCrowd ? "-" : $"{point.Counts.TokensPerPass:F2}", point.IsCrowd ? "-" : $"{point.Counts.Predicted:F2}",
                $"{point.Gain:F2}"]),
        ], Timed: true)
        {
            Names = [.. points.Select(point => NameOf(point.Kind))],
        });
        run.Plot = new LabPlot(new("What speculation gains", "推测解码的收益"), new("temperature", "温度"),
            new("tokens a pass", "每次前向词元"),
            [.. alone.GroupBy(point => point.Kind).Select(group => new PlotSeries(NameOf(group.Key),
                [.. group.Select(point => Math.Round(point.Temperature, 1))],
                    [.. group.Select(point => point.Counts.TokensPerPass)]))]);
    }

    private static string KeyOf(SpeculationKind kind) => kind == SpeculationKind.DraftModel ? "model" : "lookup";

    private static LabText NameOf(SpeculationKind kind) => kind == SpeculationKind.DraftModel
        ? new("draft model", "草稿模型") : new("prompt lookup", "提示查找");

    private sealed record Point(
        SpeculationKind Kind, float Temperature, bool IsCrowd, DraftCounts Counts, double Gain, bool Same);
}
