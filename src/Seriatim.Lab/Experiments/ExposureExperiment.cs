namespace Seriatim.Lab;

/// <summary>What a model that learned with right prefixes does with its own.</summary>
internal sealed class ExposureExperiment : Experiment
{
    private const int Digits = 10, Start = 10, Vocabulary = 11, Length = 16, Batch = 32;

    /// <summary>A model that makes no mistake shows nothing: both stop learning when one id of fifty is wrong.</summary>
    private const double Enough = 0.98;

    public override string Name => "exposure";

    public override LabText Title => new("Learning from right prefixes, going on from one's own", "用正确前缀学习,用自己的前缀续写");

    public override LabText Claim => new(
        "Teacher forcing never shows a model its own mistakes, so in generation accuracy falls with each position, faster than "
            + "with right prefixes.",
        "教师强制从不让模型看到自己的错误,因此生成时准确率随位置下降,比给定正确前缀时更快。");

    public override string Source => "Bengio et al., 2015: Scheduled Sampling, section 2; Ranzato et al., 2016, section 1";

    public override string Formula => "own(t) = gold(1) * gold(2) * ... * gold(t), if a mistake is never mended";

    public override IReadOnlyList<Expectation> Rule { get; } =
    [
        Expectation.Exactly("first-gap", new("the first token has no prefix: both are equal", "第一个词元没有前缀:两者相等"), 0),
        Expectation.AtLeast("last-gap", new(
            "in the last quarter, right prefixes are more accurate by", "最后四分之一中,正确前缀的准确率高出"), 0.1, 0.02),
        new("product", new(
            "accuracy of own prefixes at the end / product of accuracies before", "末端自有前缀准确率 / 之前各准确率之积"), 0.8, 1.25, 0.4, 2.5),
    ];

    public override Task RunAsync(LabRun run)
    {
        int steps = run.Pick(300, 600, 2000), examples = run.Pick(100, 400, 1000);
        (double[] gold, double[] own, double[] loss) = Learn(run, steps, examples, sampled: false);
        (double[] goldSampled, double[] ownSampled, _) = Learn(run, steps, examples, sampled: true);
        int late = Length * 3 / 4;
        run.Count("first-gap", gold[0] - own[0], "", new("gap at the first position", "第一个位置的差距"));
        run.Count("gold-late", gold[late..].Average(), "", new("accuracy, right prefixes, last quarter", "准确率,正确前缀,最后四分之一"));
        run.Count("own-late", own[late..].Average(), "", new("accuracy, own prefixes, last quarter", "准确率,自有前缀,最后四分之一"));
        run.Count("last-gap", gold[late..].Average() - own[late..].Average(), "", new("gap, last quarter", "差距,最后四分之一"));

        // Where digits are guessed, one of ten is right by chance, whatever came before.
        double product = gold.Aggregate(1.0, (all, at) => all * at), chance = 1.0 / Digits;
        run.Count("product", (own[^1] + chance) / (product * (1 - chance) + 2 * chance), "x", new(
            "own at the end / product of gold, chance added to both", "末端自有 / 正确之积,两者加上随机水平"));
        run.Count("sampled-gap", goldSampled[late..].Average() - ownSampled[late..].Average(), "", new(
            "gap with scheduled sampling", "使用计划采样时的差距"));
        run.Count("sampled-own-late", ownSampled[late..].Average(), "", new(
            "accuracy, own prefixes, with scheduled sampling", "准确率,自有前缀,使用计划采样"));
        double[] positions = [.. Enumerable.Range(1, Length).Select(i => (double)i)];
        run.Add(new LabTable(new("By position", "按位置"),
            [new("position", "位置"), new("loss, right", "损失,正确前缀"), new("right", "正确前缀"), new("own", "自有前缀"),
                new("own, sampled", "自有,计划采样")],
            [
                .. positions.Select((p, i) =>
                    (IReadOnlyList<string>)[$"{p}", $"{loss[i]:F3}", $"{gold[i]:F3}", $"{own[i]:F3}", $"{ownSampled[i]:F3}"])],
            Timed: false));
        run.Plot = new LabPlot(new("Accuracy by position", "各位置的准确率"), new("position", "位置"), new("accuracy", "准确率"),
        [
            new(new("right prefixes", "正确前缀"), positions, gold), new(new("own prefixes", "自有前缀"), positions, own),
            new(new("own, scheduled sampling", "自有前缀,计划采样"), positions, ownSampled),
        ]);
        run.Note(new(
            "The task is to count ones modulo 10 along a row of bits: each digit of the answer needs the one before, so a "
                + "mistake stays. Both models stop learning when 98 of 100 digits are right after right prefixes. Scheduled "
                + "sampling replaces a quarter of the inputs by the model's own predictions.",
            "任务是沿一串比特对 1 计数(模 10):答案的每一位都需要前一位,因此错误会保留。两个模型在给定正确前缀时 100 位中 98 位正确即停止学习。计划采样把四分之一的输入换成模型自己的预测。"));
        return Task.CompletedTask;
    }

    private static (double[] Gold, double[] Own, double[] Loss) Learn(LabRun run, int steps, int examples, bool sampled)
    {
        using var model = new SmallModel(run, new LabModel("Seq2SeqLM", Vocabulary, 2 * Length)
        {
            Width = 64,
            Layers = 1,
        }.Make(run.Seed));
        var sampling = new ScheduledSampling(0.25);
        TrainingBatch[] checks = [Make([.. Draw(run, 3, 0, 64)])];
        model.Train(steps, 2e-3, step =>
        {
            TrainingBatch batch = Make([.. Draw(run, 1, step * Batch, Batch)]);
            return sampled
                ? ScheduledSampling.Apply(model.Model, run.Ops, batch, sampling.ProbabilityAt(step),
                    new CounterRandom(run.Seed, (ulong)step))
                : batch;
        }, sampled ? "with scheduled sampling" : "teacher forcing", enough: () => model.Score(checks).Accuracy >= Enough);
        int[][] tests = [.. Draw(run, 2, 0, examples)];
        int[][] own = model.Greedy(tests, Start, Length);
        TrainingBatch test = Make(tests);
        int[] gold = model.MostLikely(test);
        double[] goldRight = new double[Length], ownRight = new double[Length], loss = new double[Length];
        for (int i = 0; i < tests.Length; i++)
        {
            int[] answer = Answer(tests[i]);
            for (int t = 0; t < Length; t++)
            {
                goldRight[t] += gold[i * Length + t] == answer[t] ? 1.0 / examples : 0;
                ownRight[t] += own[i][t] == answer[t] ? 1.0 / examples : 0;
            }
        }

        for (int t = 0; t < Length; t++)
        {
            int[] rows = [.. Enumerable.Range(0, examples).Select(i => i * Length + t)];
            TokenScores scores = LossPass.Evaluate(model.Model, run.Ops,
                test with { LabelRows = rows, Labels = [.. rows.Select(row => test.Labels[row])] });
            loss[t] = scores.Loss;
        }

        return (goldRight, ownRight, loss);
    }

    private static IEnumerable<int[]> Draw(LabRun run, ulong stream, int first, int count)
    {
        var random = new CounterRandom(run.Seed, stream);
        for (int i = first; i < first + count; i++)
            yield return [.. Enumerable.Range(0, Length).Select(t => random.Below((ulong)(i * Length + t), 2))];
    }

    private static int[] Answer(int[] source)
    {
        int sum = 0;
        return [.. source.Select(digit => sum = (sum + digit) % Digits)];
    }

    private static TrainingBatch Make(int[][] sources)
    {
        var batch = new PairBatch(Start);
        foreach (int[] source in sources)
            batch.Add(source, Answer(source));
        return batch.Build();
    }
}
