namespace Seriatim.Lab;

/// <summary>Beams of one sentence against as many sentences, and what more beams bring.</summary>
internal sealed class BeamExperiment : Experiment
{
    private const int Compared = 4;
    private static readonly int[] Widths = [1, 2, 4, 8];

    public override string Name => "beam";

    public override LabText Title => new("Beam search", "束搜索");

    public override LabText Claim => new(
        "k beams cost as much as k requests and find likelier texts; translations get better up to about four beams, then not.",
        "k 个束的开销相当于 k 个请求,能找到概率更高的译文;译文质量到约 4 个束为止提高,之后不再提高。");

    public override string Source => "Wu et al., 2016 (GNMT), section 7; Koehn and Knowles, 2017, section 3.6";

    public override string Formula => "seconds of k beams = seconds of k requests; score(k) >= score(k - 1)";

    public override IReadOnlyList<Expectation> Rule { get; } =
    [
        Expectation.AtLeast("score-rise-2", new("2 beams: the mean score is not below greedy", "2 个束的平均得分不低于贪心"), 0, 0),
        Expectation.AtLeast("score-rise-4", new("4 beams: not below 2", "4 个束不低于 2 个束"), 0, -0.01),
        Expectation.AtLeast("score-rise-8", new("8 beams: not below 4", "8 个束不低于 4 个束"), 0, -0.01),
        Expectation.AtLeast("bleu-rise", new("4 beams: BLEU above greedy", "4 个束的 BLEU 高于贪心"), 0.1, -3),
        new("time-ratio", new($"{Compared} beams / {Compared} requests in time is 0.7 to 1.5",
            $"{Compared} 个束与 {Compared} 个请求的用时比为 0.7 至 1.5"),
            0.7, 1.5, 0.4, 3),
        Expectation.AtLeast("together-gain",
            new($"{Compared} requests at once: at least 1.5 x the tokens/s of one after the other",
            $"{Compared} 个请求同时运行的词元/秒至少为逐个运行的 1.5 倍"),
            1.5, 1.05),
    ];

    public override bool TakesModel => true;

    public override async Task RunAsync(LabRun run)
    {
        string path = await run.ResolveAsync("zh-en");
        Translator translator;
        try
        {
            translator = await Translator.OpenAsync(path, new LanguageModelOptions { Threads = run.Threads }, run.Cancellation);
        }
        catch (ModelTaskException wrong)
        {
            throw new LabSkipException(new(wrong.Message, $"模型不适用:{wrong.Message}"));
        }

        using (translator)
        {
            if (translator.Directions.Count > 0 && !translator.Directions.Any(d => d is { From: "zh", To: "en" }))
            {
                throw new LabSkipException(new("The sentences of the lab are Chinese and English; this model translates others.",
                    "实验句子为中文和英文;此模型翻译其他语言。"));
            }

            var model = new CountedModel(new LoadedModel(translator.Model, run.Ops));
            using var engine = new GenerationEngine(model, translator.Engine.Options with
            {
                PrefixCache = false,
                StepTime = Timeout.InfiniteTimeSpan,
            });
            (string Chinese, string English)[] pairs = [.. LabData.Pairs.Take(run.Pick(4, 30, 60))];
            await QualityAsync(run, translator, engine, pairs);
            Time(run, translator, model, engine, pairs);
        }
    }

    private static async Task QualityAsync(
        LabRun run, Translator translator, GenerationEngine engine, (string Chinese, string English)[] pairs)
    {
        var scores = new List<double>();
        var bleu = new List<double>();
        foreach (int width in Widths)
        {
            run.Say($"{width} beams");
            GenerationResult[] results = await Task.WhenAll(pairs.Select(pair =>
                engine.CompleteAsync(Ask(translator, pair.Chinese, width), run.Cancellation)));
            scores.Add(results.Average(result => ScoreOf(result.Choices[0])));
            bleu.Add(Bleu.Corpus([.. results.Select(result => result.Choices[0].Text.Trim())],
                [.. pairs.Select(pair => (IReadOnlyList<string>)[pair.English])]).Score);
        }

        for (int i = 0; i < Widths.Length; i++)
        {
            run.Count($"score-{Widths[i]}", scores[i], "nats/token",
                new($"mean score, {Widths[i]} beams", $"平均得分,{Widths[i]} 个束"));
            run.Count($"bleu-{Widths[i]}", bleu[i], "BLEU", new($"BLEU, {Widths[i]} beams", $"BLEU,{Widths[i]} 个束"));
            if (i > 0)
            {
                run.Count($"score-rise-{Widths[i]}", scores[i] - scores[i - 1], "nats/token",
                    new($"score, {Widths[i]} beams less {Widths[i - 1]}", $"得分差,{Widths[i]} 个束减 {Widths[i - 1]} 个束"));
            }
        }

        run.Count("bleu-rise", bleu[2] - bleu[0], "BLEU", new("BLEU, 4 beams less greedy", "BLEU 差,4 个束减贪心"));
        run.Add(new LabTable(new($"{pairs.Length} sentences, Chinese to English", $"{pairs.Length} 个句子,中译英"),
            [new("beams", "束"), new("mean score", "平均得分"), "BLEU"],
            [.. Widths.Select((width, i) => (IReadOnlyList<string>)[$"{width}", $"{scores[i]:F4}", $"{bleu[i]:F2}"])],
                Timed: false));
        double[] x = [.. Widths.Select(width => (double)width)];
        run.Plot = new LabPlot(new("Quality by beams", "束数与质量"), new("beams", "束"), "BLEU",
            [new("BLEU", x, bleu)])
        { LogX = true };
    }

    /// <summary>One sentence with k beams, k requests of it at once, and k one after the other.</summary>
    private static void Time(LabRun run, Translator translator, CountedModel model, GenerationEngine engine,
        (string Chinese, string English)[] pairs)
    {
        run.Say("times");
        int tokens = run.Pick(8, 24, 24);
        GenerationRequest Cut(string text, int beams) => Ask(translator, text, beams) with
        {
            MaxNewTokens = tokens,
            MinNewTokens = tokens, // all of one length: what a step costs is compared
            ForcedEndId = null,
        };
        string[] texts = [.. pairs.Take(run.Pick(1, 6, 12)).Select(pair => pair.Chinese)];
        void Each(Func<string, Task> work)
        {
            foreach (string text in texts)
                work(text).GetAwaiter().GetResult();
        }

        var rows = new long[3];
        Task Counted(int kind, Task work)
        {
            work.GetAwaiter().GetResult();
            rows[kind] = model.Rows;
            model.Clear();
            return Task.CompletedTask;
        }

        double[] seconds = LabClock.ByTurns(run, run.Pick(1, 3, 5),
            () => Each(text => Counted(0, engine.CompleteAsync(Cut(text, Compared), run.Cancellation))),
            () => Each(text => Counted(1, LabSteps.TogetherAsync(engine, model,
                [.. Enumerable.Repeat(Cut(text, 1), Compared)], run.Cancellation))),
            () => Each(text => Counted(2, Task.Run(async () =>
            {
                for (int i = 0; i < Compared; i++)
                    await engine.CompleteAsync(Cut(text, 1), run.Cancellation);
            }))));
        double all = (double)texts.Length * tokens * Compared;
        run.Measure("time-ratio", seconds[0] / seconds[1], "x",
            new($"{Compared} beams / {Compared} requests in time", $"{Compared} 个束 / {Compared} 个请求的用时"));
        run.Measure("together-gain", seconds[2] / seconds[1], "x",
            new($"{Compared} requests at once / one after the other", $"{Compared} 个请求同时 / 逐个"));
        double work = ModelWork.Of(translator.Model).MultiplyAdds / run.Limits.F32MultiplyAddsPerSecond;
        LabText[] names =
        [
            new($"{Compared} beams", $"{Compared} 个束"), new($"{Compared} requests at once", $"{Compared} 个请求同时"),
            new($"{Compared} requests in turn", $"{Compared} 个请求逐个"),
        ];
        run.Add(new LabTable(new($"{tokens} tokens of {texts.Length} sentences", $"{texts.Length} 个句子,每句 {tokens} 个词元"),
            [new("way", "方式"), new("rows of a sentence", "每句行数"), new("rows/s", "行/秒"), new("of the FMA limit", "算力利用率")],
            [.. names.Select((name, i) => (IReadOnlyList<string>)[name.English, $"{rows[i]}", $"{all / seconds[i]:N0}",
                $"{all / seconds[i] * work:P0}"])],
            Timed: true)
        {
            Names = names,
        });
    }

    private static GenerationRequest Ask(Translator translator, string text, int beams)
    {
        GenerationRequest request = translator.Request(text,
            new TranslationOptions { From = Direction(translator, "zh"), To = Direction(translator, "en"), Beams = beams });
        return request with
        {
            Beam = request.Beam is { } beam ? beam with { LengthPenalty = 1 } : null,
            Logprobs = 0,
        };
    }

    private static string? Direction(Translator translator, string language) => translator.Directions.Count > 0 ? language : null;

    /// <summary>The mean log-probability of its tokens, which is the score of beams with a length penalty of 1.</summary>
    private static double ScoreOf(GenerationChoice choice) =>
        choice.Score ?? choice.Logprobs!.Average(token => token.Chosen.Logprob);
}
