namespace Seriatim.Lab;

/// <summary>One layer of every attention family over whole sequences: time and memory by their length.</summary>
internal sealed class FamiliesExperiment : Experiment
{
    public override string Name => "families";

    public override LabText Title => new("Every kind of attention by length", "各类注意力与长度");

    public override LabText Claim => new(
        "Full attention takes time quadratic in the length; windows, blocks, hashing, projection, recurrence take linear time.",
        "完整注意力的时间与长度成平方;窗口、分块、哈希、低秩和循环的时间与长度成线性。");

    public override string Source =>
        "Vaswani et al., 2017, table 1; Beltagy, Zaheer, Kitaev, Wang, 2020; Sun, Gu and Dao, 2023; Dao and Gu, 2024";

    public override string Formula => "seconds ~ N^2 for full attention, ~ N for the others; memory of tiles ~ N for all";

    public override IReadOnlyList<Expectation> Rule { get; } =
    [
        new("time-full", new("full: exponent / 2 is 0.8 to 1.1", "完整:指数 / 2 为 0.8 至 1.1"), 0.8, 1.1, 0.65, 1.25),
        Expectation.AtMost("time-others", new("all others: exponent at most 1.2", "其余:指数至多 1.2"), 1.2, 1.5),
        Expectation.AtLeast("time-least", new("no exponent below 0.8", "指数均不低于 0.8"), 0.8, 0.5),
        Expectation.AtMost("memory-most", new("memory: no exponent above 1.2", "内存:指数均不高于 1.2"), 1.2, 1.5),
        Expectation.AtLeast("longest-gain", new("the fastest is at least 2 x as fast as full at the longest", "最长时最快者至少为完整的 2 倍"),
            2, 1.1),
    ];

    public override Task RunAsync(LabRun run)
    {
        int[] lengths = run.Pick<int[]>([128, 256, 512], [1024, 2048, 4096, 8192], [1024, 2048, 4096, 8192, 16384]);
        int from = Math.Min(ForwardTimes.FitFrom, lengths[1]);
        IReadOnlyList<(Family Family, ForwardPoint[] Points)> all =
            ForwardTimes.Measure(run.Ops, Family.All, lengths, run.Pick(1, 2, 5), length => run.Say($"{length} tokens"));
        double[] times = [.. all.Select(one => ForwardTimes.Exponent(one.Points, p => p.Seconds, from))];
        double[] memories = [.. all.Select(one => ForwardTimes.Exponent(one.Points, p => p.PeakBytes, from))];
        int full = all.ToList().FindIndex(one => one.Family.Exponent == 2);
        double[] others = [.. times.Where((_, i) => i != full)];
        double[] longest = [.. all.Select(one => one.Points[^1].Seconds)];
        for (int i = 0; i < all.Count; i++)
        {
            string key = all[i].Family.Name.ToLowerInvariant().Replace('+', '-').Replace(' ', '-');
            run.Measure($"exponent-{key}", times[i], "",
                new($"exponent of time, {all[i].Family.Name}", $"时间指数,{all[i].Family.Name}"));
        }

        run.Measure("time-full", times[full] / all[full].Family.Exponent, "x", new("full: exponent / predicted", "完整:指数 / 预测"));
        run.Measure("time-others", others.Max(), "", new("greatest exponent of the others", "其余的最大指数"));
        run.Measure("time-least", others.Min(), "", new("smallest exponent of the others", "其余的最小指数"));
        run.Measure("memory-most", memories.Max(), "", new("greatest exponent of memory", "内存的最大指数"));
        run.Measure("longest-gain", longest[full] / longest.Min(), "x",
            new($"full / fastest at {lengths[^1]:N0} tokens", $"{lengths[^1]:N0} 个词元时 完整 / 最快"));
        run.Note(new($"One layer of width {Family.Width} with random weights; exponents are fitted from {from:N0} tokens on.",
            $"一层,宽 {Family.Width},随机权重;指数从 {from:N0} 个词元起拟合。"));
        run.Add(new LabTable(new("Milliseconds of a sequence", "一个序列的毫秒数"),
            [new("family", "类别"), .. lengths.Select(n => (LabText)$"{n:N0}"), new("exponent", "指数"), new("predicted", "预测")],
            [
                .. all.Select((one, i) => (IReadOnlyList<string>)[one.Family.Name,
                    .. one.Points.Select(p => $"{p.Seconds * 1e3:F1}"),
                    $"{times[i]:F2}", $"{one.Family.Exponent}"]),
            ], Timed: true));
        run.Add(new LabTable(new("MiB of a sequence", "一个序列的 MiB"),
            [new("family", "类别"), .. lengths.Select(n => (LabText)$"{n:N0}"), new("exponent", "指数")],
            [
                .. all.Select((one, i) => (IReadOnlyList<string>)[one.Family.Name,
                    .. one.Points.Select(p => $"{p.PeakBytes / 1048576.0:F1}"),
                    $"{memories[i]:F2}"]),
            ], Timed: true));
        run.Plot = new LabPlot(new("Time of one layer", "一层的时间"), new("tokens", "词元"), new("milliseconds", "毫秒"),
            [.. all.Select(one => new PlotSeries(one.Family.Name, [.. lengths.Select(n => (double)n)],
                [.. one.Points.Select(p => p.Seconds * 1e3)]))])
        {
            LogX = true,
            LogY = true,
        };
        return Task.CompletedTask;
    }
}
