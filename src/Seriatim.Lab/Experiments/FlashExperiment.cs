namespace Seriatim.Lab;

/// <summary>Attention tile by tile against attention whose scores lie in memory.</summary>
internal sealed class FlashExperiment : Experiment
{
    private const int Heads = 2;
    private const int Size = 64;

    public override string Name => "flash";

    public override LabText Title => new("Tiled attention", "分块注意力");

    public override LabText Claim => new(
        "Attention computed in tiles gives the same with memory that is linear in the length, and is faster for it.",
        "分块计算的注意力结果相同,内存与长度成线性,并因此更快。");

    public override string Source => "Dao et al., 2022: FlashAttention, section 3.1 (theorem 1) and figure 3";

    public override string Formula => "scores in memory = 4 H N^2 bytes (and 4 N^2 for their gradient); tiles = O(N) bytes";

    public override IReadOnlyList<Expectation> Rule { get; } =
    [
        Expectation.AtMost("difference", new("results differ by at most 1e-4", "结果之差至多 1e-4"), 1e-4, 1e-3),
        Expectation.AtMost("gradient-difference", new("gradients differ by at most 1e-4", "梯度之差至多 1e-4"), 1e-4, 1e-3),
        new("memory-exponent-scores", new("memory with scores: exponent 1.9 to 2.1", "存放得分的内存指数为 1.9 至 2.1"), 1.9, 2.1, 1.7, 2.3),
        Expectation.AtMost("memory-exponent-tiles", new("memory of tiles: exponent at most 1.2", "分块的内存指数至多 1.2"), 1.2, 1.6),
        Expectation.AtLeast("forward-gain", new("forward: at least 1.3 x as fast at the longest", "前向:最长时至少快 1.3 倍"), 1.3, 1),
        Expectation.AtLeast("both-gain", new("forward and backward: at least 1.1 x", "前向加反向:至少快 1.1 倍"), 1.1, 0.7),
    ];

    public override Task RunAsync(LabRun run)
    {
        int[] lengths = Lengths(run);
        List<double> bytesScores = [], bytesTiles = [];
        List<double[]> seconds = [];
        (double Result, double Gradient) difference = default;
        foreach (int length in lengths)
        {
            run.Say($"{length} rows");
            using var sides = new Sides(run, length);
            (double result, double gradient) = sides.Compare();
            difference = (Math.Max(difference.Result, result), Math.Max(difference.Gradient, gradient));
            bytesScores.Add(sides.ScoreBytes);
            bytesTiles.Add(PoolPeak.Of(sides.TilesBoth));
            seconds.Add(LabClock.ByTurns(run, run.Pick(1, 3, 5),
                sides.ScoresForward, sides.TilesForward, sides.ScoresBoth, sides.TilesBoth));
        }

        double[] x = [.. lengths.Select(n => (double)n)], last = seconds[^1];
        run.Count("difference", difference.Result, "", new("largest difference of results", "结果的最大差"));
        run.Count("gradient-difference", difference.Gradient, "", new("largest difference of gradients", "梯度的最大差"));
        run.Count("memory-exponent-scores", LabClock.Exponent(x, bytesScores), "",
            new("exponent of the memory with scores", "存放得分的内存指数"));
        run.Measure("memory-exponent-tiles", LabClock.Exponent(x, bytesTiles), "",
            new("exponent of the memory of tiles", "分块的内存指数"));
        run.Measure("memory-gain", bytesScores[^1] / bytesTiles[^1], "x",
            new($"memory, N = {lengths[^1]:N0}", $"内存之比,N = {lengths[^1]:N0}"));
        run.Measure("forward-gain", last[0] / last[1], "x", new($"forward, N = {lengths[^1]:N0}", $"前向,N = {lengths[^1]:N0}"));
        run.Measure("both-gain", last[2] / last[3], "x",
            new($"forward and backward, N = {lengths[^1]:N0}", $"前向加反向,N = {lengths[^1]:N0}"));
        run.Add(new LabTable(new($"{Heads} heads of {Size}, all keys seen", $"{Heads} 个头,每头 {Size} 维,全部可见"),
        [
            "N", new("MiB, scores", "得分 MiB"), new("MiB, tiles", "分块 MiB"), new("ms forward, scores", "前向毫秒,得分"),
            new("ms forward, tiles", "前向毫秒,分块"), new("ms both, scores", "前向加反向毫秒,得分"), new("ms both, tiles", "前向加反向毫秒,分块"),
        ],
        [
            .. lengths.Select((n, i) => (IReadOnlyList<string>)[$"{n:N0}", $"{bytesScores[i] / 1048576:F1}",
                $"{bytesTiles[i] / 1048576:F1}",
                .. seconds[i].Select(s => $"{s * 1e3:F1}")]),
        ], Timed: true));
        run.Plot = new LabPlot(new("Time of one layer's attention", "一层注意力的时间"), new("N", "N"), new("milliseconds", "毫秒"),
        [
            Line(new("forward, scores", "前向,得分"), 0), Line(new("forward, tiles", "前向,分块"), 1),
            Line(new("both, scores", "前向加反向,得分"), 2), Line(new("both, tiles", "前向加反向,分块"), 3),
        ])
        { LogX = true, LogY = true };
        return Task.CompletedTask;

        PlotSeries Line(LabText name, int which) => new(name, x, [.. seconds.Select(s => s[which] * 1e3)]);
    }

    private static int[] Lengths(LabRun run)
    {
        int[] wanted = run.Pick<int[]>([64, 128, 256], [512, 1024, 2048, 4096], [512, 1024, 2048, 4096, 8192]);
        long room = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4;
        int[] fitting = [.. wanted.Where(n => 4L * (Heads + 1) * n * n <= room)];
        if (fitting.Length < wanted.Length)
        {
            run.Note(new($"Up to {fitting[^1]:N0} rows: the scores of {wanted[^1]:N0} do not fit into the memory.",
                $"最多 {fitting[^1]:N0} 行:{wanted[^1]:N0} 行的得分放不进内存。"));
        }

        return fitting;
    }

    /// <summary>The same operands for both sides.</summary>
    private sealed class Sides : IDisposable
    {
        private readonly int _length;
        private readonly IDifferentiableOps _ops;
        private readonly MaterialisedAttention _plain;
        private readonly MaterialisedAttention.Operands _x, _gradients;
        private readonly float[] _y, _dy;
        private readonly Tensor[] _tensors;
        private readonly AttentionRows _rows;
        private readonly AttentionSpec _spec = new(Heads, Heads, Size, 1 / MathF.Sqrt(Size));
        private float[][] _found = [];

        public Sides(LabRun run, int length)
        {
            (_length, _ops) = (length, run.Ops);
            _plain = new MaterialisedAttention(length, Heads, Size, run.Threads);
            var random = new Random((int)run.Seed);
            _x = new(Draw(random), Draw(random), Draw(random));
            _gradients = new(new float[_x.Q.Length], new float[_x.Q.Length], new float[_x.Q.Length]);
            (_y, _dy) = (new float[_x.Q.Length], Draw(random));
            _tensors = [.. new[] { _x.Q, _x.K, _x.V }.Select(Upload)];
            _rows = new AttentionRows([new AttentionSegment(0, length, 0, length, 0, null, Visibility.Full)], null);
        }

        public long ScoreBytes => _plain.Bytes;

        public void ScoresForward() => _plain.Forward(_x.Q, _x.K, _x.V, _y);

        public void ScoresBoth()
        {
            _plain.Forward(_x.Q, _x.K, _x.V, _y);
            _plain.Backward(_x, _y, _dy, _gradients);
        }

        public void TilesForward()
        {
            using Tensor y = _ops.Attention(_tensors[0], _tensors[1], _tensors[2], _rows, 0, _spec);
            _ops.Device.Synchronize();
        }

        public void TilesBoth() => Tiles(keeps: false);

        /// <summary>The largest differences of results and gradients.</summary>
        public (double Result, double Gradient) Compare()
        {
            ScoresBoth();
            Tiles(keeps: true);
            double Farthest(float[] mine, float[] other) => mine.Zip(ByHead(other), (a, b) => Math.Abs((double)a - b)).Max();
            return (Farthest(_y, _found[0]),
                new[] { (_gradients.Q, 1), (_gradients.K, 2), (_gradients.V, 3) }.Max(g => Farthest(g.Item1, _found[g.Item2])));
        }

        public void Dispose()
        {
            foreach (Tensor tensor in _tensors)
                tensor.Dispose();
        }

        private void Tiles(bool keeps)
        {
            using var tape = new Tape(_ops);
            foreach (Tensor tensor in _tensors)
                tape.Watch(tensor);
            using Tensor y = tape.Attention(_tensors[0], _tensors[1], _tensors[2], _rows, 0, _spec);
            tape.Backward(y, Upload(_dy));
            _ops.Device.Synchronize();
            if (keeps)
                _found = [y.ToArray(), .. _tensors.Select(tensor => tape.GradientOf(tensor)!.ToArray())];
        }

        private float[] Draw(Random random) =>
            [.. Enumerable.Range(0, Heads * _length * Size).Select(_ => (float)(2 * random.NextDouble() - 1))];

        /// <summary>From one head after the other to the heads side by side in each row.</summary>
        private Tensor Upload(float[] heads)
        {
            float[] rows = new float[heads.Length];
            for (int i = 0; i < rows.Length; i++)
                rows[Place(i)] = heads[i];
            return _ops.Device.Upload(rows, _length, Heads * Size);
        }

        private float[] ByHead(float[] rows)
        {
            float[] heads = new float[rows.Length];
            for (int i = 0; i < heads.Length; i++)
                heads[i] = rows[Place(i)];
            return heads;
        }

        private int Place(int i) => i / Size % _length * Heads * Size + i / (_length * Size) * Size + i % Size;
    }
}
