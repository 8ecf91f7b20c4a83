namespace Seriatim.Lab;

/// <summary>
/// A Transformer against LSTM and GRU of as many parameters: speed of training by length, and how far each recalls.
/// </summary>
internal sealed class RnnExperiment : Experiment
{
    private const int Layers = 2, Keys = 32, Values = 8, Questions = 8, Sequences = 16;
    private const int End = 0, FirstKey = 1, FirstPair = FirstKey + Keys, FirstValue = FirstPair + Keys * Values;
    private const int Vocabulary = FirstValue + Values;

    /// <summary>
    /// What each learns the task best with, of what was tried: RNNs with one wide layer, larger weights and a higher rate.
    /// </summary>
    private const float Deviation = 0.3f;

    private const double Rate = 3e-3, RnnRate = 1e-2;

    private static readonly string[] Cells = ["lstm", "gru"];

    public override string Name => "rnn";

    public override LabText Title => new("The Transformer against LSTM and GRU", "Transformer 与 LSTM、GRU 的比较");

    public override LabText Claim => new(
        "At equal parameters a Transformer trains at all positions at once where an RNN waits for each, and it recalls after so "
            + "many pairs that an RNN's state is full.",
        "参数量相同时,Transformer 可同时训练所有位置,而 RNN 必须逐个等待;键值对多到 RNN 的状态装不下时,Transformer 仍能回忆。");

    public override string Source =>
        "Vaswani et al., 2017, sections 1 and 4, table 1; Bengio et al., 1994; Arora et al., 2023: Zoology (associative recall)";

    public override string Formula =>
        "products that wait for each other: N a layer of an RNN, 1 of a Transformer; path between two places N apart: N and 1";

    public override IReadOnlyList<Expectation> Rule { get; } =
    [
        new("parameters", new("parameters of an RNN / of the Transformer", "RNN 参数量 / Transformer 参数量"), 0.97, 1.03, 0.9, 1.1),
        Expectation.AtLeast("slowing", new(
            "speed that the better RNN loses from short to long / that the Transformer loses",
            "由短到长:较好 RNN 的减速 / Transformer 的减速"), 1.5, 1.1),
        Expectation.AtLeast("longest-gain", new(
            "Transformer / faster RNN at the longest, tokens/s", "最长时 Transformer / 较快 RNN,词元/秒"), 1.5, 1),
        Expectation.AtLeast("recall",
            new("the Transformer's right answers after the most pairs", "对数最多时 Transformer 的正确率"), 0.9, 0.5),
        Expectation.AtLeast("forgotten", new(
            "right answers that the better RNN has fewer there", "在该处较好 RNN 少答对的比例"), 0.3, 0.1),
    ];

    public override Task RunAsync(LabRun run)
    {
        Speeds(run);
        Recalls(run);
        return Task.CompletedTask;
    }

    /// <summary>As many tokens a step at every length: short sequences are many, long ones few.</summary>
    private static void Speeds(LabRun run)
    {
        int[] lengths = run.Pick<int[]>([8, 64], [16, 64, 256, 1024], [16, 64, 256, 1024, 2048]);
        int tokens = run.Pick(64, 1024, 2048), width = run.Pick(32, 128, 256);
        Side[] sides = Sides(width, lengths[^1]);
        foreach (Side side in sides[1..])
            run.Count($"width-{side.Key}", side.Width, "", new($"features of the {side.Name}'s state", $"{side.Name} 状态宽度"));
        run.Count("parameters", sides[1..].Select(side => side.Ratio).MaxBy(ratio => Math.Abs(ratio - 1)), "x",
            new("parameters / the Transformer's, the worse of both", "参数量 / Transformer,两者中较差者"));
        var speeds = sides.Select(_ => new double[lengths.Length]).ToArray();
        for (int at = 0; at < lengths.Length; at++)
        {
            run.Say($"training on sequences of {lengths[at]:N0}");
            SmallModel[] models = [.. sides.Select(side => new SmallModel(run, LabModel.Make(side.Config, run.Seed)))];
            TrainingBatch batch = Random(run, lengths[at], tokens / lengths[at]);
            try
            {
                double[] seconds = LabClock.ByTurns(run, run.Pick(1, 2, 5),
                    [.. models.Select(model => (Action)(() => model.Train(1, 1e-3, _ => batch, "")))]);
                for (int i = 0; i < sides.Length; i++)
                    speeds[i][at] = tokens / seconds[i];
            }
            finally
            {
                Array.ForEach(models, model => model.Dispose());
            }
        }

        double[] kept = [.. speeds.Select(of => of[^1] / of[0])];
        run.Measure("slowing", kept[0] / kept[1..].Max(), "x",
            new("what RNNs lose by length / what the Transformer loses", "RNN 随长度减速 / Transformer 减速"));
        run.Measure("longest-gain", speeds[0][^1] / speeds[1..].Max(of => of[^1]), "x",
            new($"Transformer / faster RNN at {lengths[^1]:N0} tokens", $"{lengths[^1]:N0} 词元时 Transformer / 较快 RNN"));
        run.Add(new LabTable(new("Training, tokens/s", "训练速度,词元/秒"),
            [new("model", "模型"), .. lengths.Select(n => (LabText)$"{n:N0}")],
            [.. sides.Select((side, i) => (IReadOnlyList<string>)[side.Name, .. speeds[i].Select(speed => $"{speed:N0}")])],
            Timed: true));
        run.Note(new(
            $"The Transformer has {Layers} layers, the RNNs one wide one. Speed: {tokens:N0} tokens a step whatever the length, "
                + "forward, backward and update. A wave of an RNN has one row of each sequence, so long sequences leave it "
                + "products of few rows.",
            $"Transformer 有 {Layers} 层,RNN 为一个宽层。速度:每步 {tokens:N0} 个词元(与长度无关),含前向、反向和更新。RNN 的一个时间步对每个序列只有一行,序列越长,每次乘积的行数越少。"));
    }

    /// <summary>One model each for all distances; short ones first, since what is to be found is the same there.</summary>
    private static void Recalls(LabRun run)
    {
        int[] distances = run.Pick<int[]>([2, 6], [2, 4, 8, 16, 32], [2, 4, 8, 16, 24, 32]);
        int steps = run.Pick(300, 700, 3000), width = 64;
        Side[] sides = Sides(width, distances[^1] + Questions + 1);
        var right = new double[sides.Length][];
        for (int i = 0; i < sides.Length; i++)
        {
            using var model = new SmallModel(run, LabModel.Make(sides[i].Config, run.Seed, i == 0 ? null : Deviation));
            model.Train(steps, i == 0 ? Rate : RnnRate,
                step => Asked(run, 1, step, Distance(run, step, steps, distances), Sequences), $"recall, {sides[i].Name}");
            right[i] = [.. distances.Select(distance => model.Score(
                Enumerable.Range(0, run.Pick(2, 4, 16)).Select(n => Asked(run, 2, n, distance, 32))).Accuracy)];
            for (int at = 0; at < distances.Length; at++)
            {
                run.Count($"recall-{sides[i].Key}-{distances[at]}", right[i][at], "",
                    new($"{sides[i].Name}, right answers after {distances[at]} pairs",
                        $"{sides[i].Name},{distances[at]} 对之后的正确率"));
            }
        }

        double best = right[1..].Max(of => of[^1]);
        run.Count("recall", right[0][^1], "", new("the Transformer after the most pairs", "对数最多时的 Transformer"));
        run.Count("forgotten", right[0][^1] - best, "", new("less of the better RNN there", "较好 RNN 在该处的差距"));
        double[] x = [.. distances.Select(distance => (double)distance)];
        run.Plot = new LabPlot(new("Right answers by what was told", "正确率与已告知的对数"), new("pairs told", "已告知对数"),
            new("accuracy", "准确率"), [.. sides.Select((side, i) => new PlotSeries(side.Name, x, right[i]))])
        {
            LogX = true,
        };
        run.Note(new(
            $"Recall: pairs of one of {Keys} keys and one of {Values} values, a token each, then {Questions} of the keys: which "
                + $"value was it? The tokens between are other pairs, all to be kept. {steps:N0} steps of {Sequences} sequences "
                + "for each model; RNNs begin with larger weights and learn with a higher rate, without which they learnt "
                + "nothing here. Where the tokens between are fillers (up to 64, tried while this was made), "
                + "RNNs so tuned recall as well as the Transformer: it is the state that fills up, not time that wears it out.",
            $"回忆:若干对键({Keys} 种)和值({Values} 种),每对一个词元,然后问 {Questions} 个键的值;其间的词元也是必须记住的对。每个模型训练 {steps:N0} 步,每步 {Sequences} "
                + "个序列;RNN 用较大的初始权重和较高的学习率,否则在此学不会。若其间只是填充词元(试到 64 个),如此调好的 RNN 与 Transformer 回忆得一样好:是状态装满了,而非时间使它遗忘。"));
    }

    private static int Distance(LabRun run, int step, int steps, int[] distances)
    {
        var random = new CounterRandom(run.Seed, 3);
        int reached = Math.Min(distances.Length, 1 + 2 * step * distances.Length / steps);
        return step < steps / 4 ? distances[0] : distances[random.Below((ulong)step, reached)];
    }

    /// <summary>
    /// As many pairs of key and value as the distance, each one token, an end, and keys: the value of each is to be said.
    /// </summary>
    private static TrainingBatch Asked(LabRun run, ulong stream, int number, int distance, int sequences)
    {
        var builder = new RaggedBatchBuilder();
        (List<int> rows, List<int> labels) = ([], []);
        for (int i = 0; i < sequences; i++)
        {
            var random = new CounterRandom(run.Seed + stream, (ulong)(number * sequences + i));
            ulong drawn = 0;
            int Below(int count) => random.Below(drawn++, count);
            int[] keys = [.. Enumerable.Range(0, Keys)];
            for (int k = 0; k < distance; k++)
            {
                int other = k + Below(Keys - k);
                (keys[k], keys[other]) = (keys[other], keys[k]);
            }

            int[] values = [.. Enumerable.Range(0, distance).Select(_ => Below(Values))];
            int[] asked = [.. Enumerable.Range(0, Questions).Select(_ => Below(distance))];
            int[] told = [.. Enumerable.Range(0, distance).Select(k => FirstPair + keys[k] * Values + values[k])];
            rows.AddRange(Enumerable.Range(builder.Rows + told.Length + 1, Questions));
            labels.AddRange(asked.Select(k => FirstValue + values[k]));
            builder.Add([.. told, End, .. asked.Select(k => FirstKey + keys[k])]);
        }

        return new TrainingBatch(builder.Build(), null, [.. rows], [.. labels]);
    }

    private static TrainingBatch Random(LabRun run, int length, int sequences)
    {
        var random = new CounterRandom(run.Seed, 4);
        var builder = new RaggedBatchBuilder();
        for (int i = 0; i < sequences; i++)
            builder.Add([.. Enumerable.Range(0, length).Select(t => random.Below((ulong)(i * length + t), Vocabulary))]);
        int[] rows = [.. Enumerable.Range(0, builder.Rows)];
        return new TrainingBatch(builder.Build(), null, rows,
            [.. rows.Select(row => random.Below((ulong)row + (1UL << 32), Vocabulary))]);
    }

    /// <summary>The Transformer of a width, and of each cell the width that has the nearest number of parameters.</summary>
    private static Side[] Sides(int width, int longest)
    {
        string transformer = new LabModel("CausalLM", Vocabulary, longest)
        {
            Width = width,
            Layers = Layers,
            Switches = "\"positions\": \"rope\"",
        }.Config;
        long wanted = Parameters(transformer);
        Side[] cells = [.. Cells.Select(cell => Enumerable.Range(width / 8, width / 2).Select(i => 4 * i)
            .Select(own => (Width: own, Config: Recurrent(cell, own)))
            .TakeWhile((made, i) => i == 0 || Parameters(made.Config) < 1.2 * wanted)
            .Select(made => new Side(cell, cell.ToUpperInvariant(), made.Width, made.Config,
                Parameters(made.Config) / (double)wanted))
            .MinBy(side => Math.Abs(side.Ratio - 1))!)];
        return [new Side("transformer", "Transformer", width, transformer, 1), .. cells];
    }

    private static string Recurrent(string cell, int width) => $$"""
        {"model_type": "{{cell}}", "vocab_size": {{Vocabulary}}, "hidden_size": {{width}}, "num_layers": 1}
        """;

    private static long Parameters(string config)
    {
        using Model model = LabModel.Make(config, 1);
        return model.ParameterCount;
    }

    private sealed record Side(string Key, string Name, int Width, string Config, double Ratio);
}
