namespace Seriatim.Lab;

/// <summary>Where the time of one token goes, as the past grows.</summary>
internal sealed class LatencyExperiment : Experiment
{
    private const int PageSize = 16;

    public override string Name => "latency";

    public override LabText Title => new("Where a token's time goes", "一个词元的时间花在哪里");

    public override LabText Claim => new(
        "Matrices take most of a token's time; attention alone grows with the past, by its share of what is read.",
        "一个词元的时间大部分花在矩阵上;只有注意力随已有长度增长,增长与其读取量成比例。");

    public override string Source => "Kaplan et al., 2020, section 2.1 (table 1); Pope et al., 2022, section 2.1";

    public override string Formula =>
        "attention(past) = matrices of the layer + 2 x heads x head_dim x past; all other parts are constant";

    public override IReadOnlyList<Expectation> Rule { get; } =
    [
        Expectation.Exactly("steps-ratio", new("passes: counted / tokens is 1", "前向次数:计数 / 词元为 1"), 1),
        new("attention-growth-ratio", new("growth of attention: measured / formula is 0.6 to 1.7", "注意力的增长:测量 / 公式为 0.6 至 1.7"),
            0.6, 1.7, 0.25, 4),
        new("others-growth", new("feed-forward, norms, projection stay within 0.7 to 1.4", "前馈、归一化、投影保持在 0.7 至 1.4 倍"),
            0.7, 1.4, 0.4, 2.5),
        Expectation.AtLeast("share-growth", new("attention's share grows by at least 5 points", "注意力的占比至少增长 5 个百分点"), 0.05, 0),
        Expectation.AtLeast("matrices-share", new("attention, feed-forward and projection: at least 80 %", "注意力、前馈和投影至少占 80 %"),
            0.8, 0.5),
    ];

    public override bool TakesModel => true;

    public override async Task RunAsync(LabRun run)
    {
        using LanguageModel? opened = run.HasModel ? await run.OpenAsync("") : null;
        using Model? random = opened is null ? RandomModels.Llama(run.Pick(64, 256, 256), run.Pick(2, 6, 6), 8192, 4096) : null;
        Model model = opened?.Model ?? random!;
        if (random is not null)
            run.Note(RandomModels.Note(random));
        FullAttention.LayersOf(model.Spec);
        int tokens = run.Pick(4, 24, 32);
        int[] wanted = run.Pick<int[]>([16, 64], [64, 512, 1024, 2048], [64, 512, 1024, 2048, 4096, 7680]);
        int longest = (model.Spec.Context - tokens - 1) / PageSize * PageSize;
        int[] pasts = [.. wanted.Where(past => past <= longest)];
        if (pasts.Length < wanted.Length)
        {
            int middle = longest / 2 / PageSize * PageSize;
            pasts = [.. pasts.Append(middle).Append(longest).Where(past => past >= wanted[0]).Distinct().Order()];
            run.Note(new($"Up to {longest} tokens: the context is {model.Spec.Context}.",
                $"最多 {longest} 个词元:上下文为 {model.Spec.Context}。"));
        }

        if (pasts.Length < 2)
        {
            throw new LabSkipException(new($"The context of {model.Spec.Context} is too short to compare lengths.",
                $"上下文 {model.Spec.Context} 太短,无法比较不同长度。"));
        }

        var trace = new ModelTrace(model, run.Ops);
        using var engine = new GenerationEngine(trace.Model, new EngineOptions
        {
            PageSize = PageSize,
            Pages = pasts.Sum(past => past / PageSize + 1) + 2 * (pasts[^1] + tokens) / PageSize + 4,
            StepTime = Timeout.InfiniteTimeSpan,
        });
        trace.Engine = engine;
        Split[] splits = [.. pasts.Select(_ => new Split())];
        long steps = 0;
        int rounds = run.Pick(1, 7, 11);
        for (int round = -2; round < rounds; round++)
        {
            for (int i = 0; i < pasts.Length; i++)
            {
                run.Say($"{pasts[i]} tokens before");
                (double[] Parts, long Steps) one = await PartsAsync(run, trace, engine, pasts[i], 1);
                (double[] Parts, long Steps) all = await PartsAsync(run, trace, engine, pasts[i], tokens + 1);
                if (round < 0)
                    continue;
                splits[i].Rounds.Add([.. all.Parts.Zip(one.Parts, (a, b) => Math.Max(0, a - b) / tokens)]);
                steps += all.Steps - one.Steps;
            }
        }

        run.Count("steps-ratio", (double)steps / ((long)rounds * pasts.Length * tokens), "x",
            new("passes: counted / tokens", "前向次数:计数 / 词元"));
        Report(run, model, pasts, splits);
    }

    /// <summary>
    /// Milliseconds of a request by part. Its prompt is in the prefix cache but for the last piece, so the difference of two
    /// requests is the time of their tokens.
    /// </summary>
    private static async Task<(double[] Parts, long Steps)> PartsAsync(
        LabRun run, ModelTrace trace, GenerationEngine engine, int past, int tokens)
    {
        await engine.GetStatisticsAsync();
        LatencySplit before = trace.Read();
        await engine.CompleteAsync(new GenerationRequest
        {
            Prompt = Enumerable.Range(0, past).Select(i => (i * 7919 + past) % engine.Model.VocabularySize).ToArray(),
            MaxNewTokens = tokens,
            EndIds = [],
            Sampling = new SamplingOptions { Temperature = 0.8f, TopP = 0.95f },
            Seed = run.Seed,
        }, run.Cancellation);
        await engine.GetStatisticsAsync(); // answered between two steps: the last one's time is noted
        LatencySplit after = trace.Read();
        return ([.. Parts(after).Zip(Parts(before), (a, b) => (a - b).TotalMilliseconds)], after.Steps - before.Steps);
    }

    private static TimeSpan[] Parts(LatencySplit split) =>
    [
        split.Attention, split.FeedForward, split.Projection, split.Norms, split.Prepare, split.Sampling, split.Scheduling,
    ];

    private static void Report(LabRun run, Model model, int[] pasts, Split[] splits)
    {
        LabText[] names =
        [
            new("attention", "注意力"), new("feed-forward", "前馈"), new("projection", "投影"), new("norms", "归一化"),
            new("preparing", "准备"), new("sampling", "采样"), new("scheduling", "调度"),
        ];
        double[][] parts = [.. splits.Select(split => split.Median())];
        double[] totals = [.. parts.Select(part => part.Sum())];
        ModelWork work = ModelWork.Of(model);
        double matrices = AttentionMatrices(model);
        double predicted = (matrices + work.Attention(pasts[^1])) / (matrices + work.Attention(pasts[0]));
        double growth = parts[^1][0] / parts[0][0];
        double Others(double[] part) => part[1] + part[2] + part[3];
        for (int i = 0; i < pasts.Length; i++)
            run.Measure($"token-{pasts[i]}", totals[i], "ms", new($"a token after {pasts[i]:N0}", $"已有 {pasts[i]:N0} 个时的一个词元"));
        run.Measure("attention-growth", growth, "x",
            new($"attention after {pasts[^1]:N0} / {pasts[0]:N0}", $"注意力:{pasts[^1]:N0} / {pasts[0]:N0}"));
        run.Measure("attention-growth-ratio", growth / predicted, "x", new("that growth: measured / formula", "该增长:测量 / 公式"));
        run.Measure("others-growth", Others(parts[^1]) / Others(parts[0]), "x",
            new("feed-forward, norms and projection", "前馈、归一化和投影"));
        run.Measure("share-growth", parts[^1][0] / totals[^1] - parts[0][0] / totals[0], "",
            new("attention's share, longest less shortest", "注意力占比,最长减最短"));
        run.Measure("matrices-share", parts.Zip(totals, (part, total) => (part[0] + part[1] + part[2]) / total).Min(), "",
            new("share of attention, feed-forward and projection, least", "注意力、前馈与投影的占比,最小值"));
        run.Add(new LabTable(new("Milliseconds of a token", "一个词元的毫秒数"),
            [new("tokens before", "已有词元"), .. names, new("all", "合计")],
            [.. pasts.Select((past, i) => (IReadOnlyList<string>)[$"{past:N0}", .. parts[i].Select(ms => $"{ms:F3}"),
                $"{totals[i]:F3}"])],
            Timed: true));
        double[] x = [.. pasts.Select(past => (double)past)];
        run.Plot = new LabPlot(new("A token's time by part", "各部分的用时"), new("tokens before", "已有词元"), new("milliseconds", "毫秒"),
            [.. names.Select((name, at) => new PlotSeries(name, x, [.. parts.Select(part => part[at])]))]);
    }

    /// <summary>Multiply-adds of queries, keys, values and the output layer, of all layers.</summary>
    private static double AttentionMatrices(Model model) => FullAttention.LayersOf(model.Spec)
        .Sum(a => (double)model.Spec.Last.Width * a.HeadDim * (2 * a.Heads + 2 * a.KeyValueHeads));

    private sealed class Split
    {
        public List<double[]> Rounds { get; } = [];

        /// <summary>The median of each part.</summary>
        public double[] Median() =>
            [.. Enumerable.Range(0, Rounds[0].Length).Select(part => LabClock.Median([.. Rounds.Select(round => round[part])]))];
    }
}
