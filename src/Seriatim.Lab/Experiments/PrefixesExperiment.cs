namespace Seriatim.Lab;

/// <summary>One model, several tasks: the first ids of the source say which.</summary>
internal sealed class PrefixesExperiment : Experiment
{
    private const int Symbols = 20, Start = Symbols + 4, Vocabulary = Start + 1, Length = 8;

    /// <summary>A task: its id in the source, its name, what it makes of a source.</summary>
    private static readonly (int Id, LabText Name, Func<int[], int[]> Do)[] Tasks =
    [
        (Symbols, new("copy", "复制"), source => source),
        (Symbols + 1, new("reverse", "反转"), source => [.. source.Reverse()]),
        (Symbols + 2, new("sort", "排序"), source => [.. source.Order()]),
        (Symbols + 3, new("next symbol", "后继符号"), source => [.. source.Select(id => (id + 1) % Symbols)]),
    ];

    public override string Name => "prefixes";

    public override LabText Title => new("Several tasks by prefix", "用前缀指定任务");

    public override LabText Claim => new(
        "One text-to-text model does several tasks, told by a prefix of its input, about as well as a model of its own for each.",
        "一个文本到文本模型可由输入前缀指定多项任务,效果与各任务单独的模型相近。");

    public override string Source => "Raffel et al., 2020: T5, sections 2.4 and 3.5.2";

    public override string Formula =>
        "accuracy(one model, prefix k) = accuracy(model of task k), with as many examples of task k";

    public override IReadOnlyList<Expectation> Rule { get; } =
    [
        Expectation.AtLeast("worst", new("ids right in the worst of the tasks", "最差任务的词元准确率"), 0.9, 0.6),
        Expectation.AtLeast("ratio", new("mean accuracy of one model / of single models", "单一模型平均准确率 / 专用模型"), 0.95, 0.75),
        Expectation.AtLeast("told", new(
            "same input, another prefix: ids that are those of the prefix's task", "相同输入换前缀:符合该前缀任务的词元"), 0.9, 0.6),
        Expectation.AtLeast("script", new(
            "zh-en: outputs in the script that the prefix asks for", "zh-en:输出为前缀所要求文字的比例"), 0.95, 0.8),
    ];

    public override async Task RunAsync(LabRun run)
    {
        int steps = run.Pick(110, 130, 500), examples = run.Pick(40, 150, 500);
        double[] together;
        using (SmallModel one = Learn(run, steps * Tasks.Length, [.. Enumerable.Range(0, Tasks.Length)], "one model"))
        {
            together = [.. Enumerable.Range(0, Tasks.Length).Select(task => Accuracy(run, one, task, examples, other: false))];
            run.Count("told",
                Enumerable.Range(0, Tasks.Length).Average(task => Accuracy(run, one, task, examples, other: true)), "",
                new("one input with each of the prefixes: ids of the asked task", "同一输入配各前缀:符合所求任务的词元"));
        }

        double[] alone = new double[Tasks.Length];
        for (int task = 0; task < Tasks.Length; task++)
        {
            using SmallModel own = Learn(run, steps, [task], $"a model for {Tasks[task].Name.English} alone");
            alone[task] = Accuracy(run, own, task, examples, other: false);
        }

        for (int task = 0; task < Tasks.Length; task++)
        {
            run.Count($"task-{task + 1}", together[task], "", new(
                $"{Tasks[task].Name.English}, one model for all", $"{Tasks[task].Name.Chinese},共用模型"));
        }

        run.Count("worst", together.Min(), "", new("the worst task of the one model", "共用模型最差任务"));
        run.Count("ratio", together.Average() / alone.Average(), "x", new("one model / single models", "共用 / 专用"));
        double[] places = [.. Enumerable.Range(0, Tasks.Length).Select(i => (double)i)];
        run.Add(new LabTable(new("Ids right", "正确词元比例"), [new("task", "任务"), new("one model", "共用模型"), new("its own", "专用模型")],
            [.. Tasks.Select((t, i) => (IReadOnlyList<string>)[t.Name.English, $"{together[i]:F3}", $"{alone[i]:F3}"])],
            Timed: false));
        run.Plot = new LabPlot(new("Ids right by task", "各任务的正确词元比例"), new("task", "任务"), new("accuracy", "准确率"),
            [new(new("one model", "共用模型"), places, together), new(new("a model each", "各自的模型"), places, alone)])
        {
            Names = [.. Tasks.Select(t => t.Name)],
        };
        await ScriptsAsync(run);
    }

    /// <summary>The shipped translator: the same weights write the script that the prefix asks for.</summary>
    private static async Task ScriptsAsync(LabRun run)
    {
        int count = run.Pick(3, 20, LabData.Pairs.Count), right = 0;
        run.Say("zh-en, both prefixes");
        using Translator translator = await run.OpenTranslatorAsync("zh-en");
        (string Chinese, string English)[] pairs = [.. LabData.Pairs.Take(count)];
        await foreach (Translation made in translator.TranslateManyAsync(
            pairs.Select(pair => pair.Chinese), new TranslationOptions { To = "en" }, run.Cancellation))
        {
            right += IsChinese(made.Text) ? 0 : 1;
        }

        await foreach (Translation made in translator.TranslateManyAsync(
            pairs.Select(pair => pair.English), new TranslationOptions { To = "zh" }, run.Cancellation))
        {
            right += IsChinese(made.Text) ? 1 : 0;
        }

        run.Count("script", right / (2.0 * count), "", new("zh-en: right script", "zh-en:文字正确"));
    }

    private static bool IsChinese(string text) => text.Any(letter => letter is >= '\u4e00' and <= '\u9fff');

    private static SmallModel Learn(LabRun run, int steps, int[] tasks, string doing)
    {
        var model = new SmallModel(run, new LabModel("Seq2SeqLM", Vocabulary, 32) { Width = 64 }.Make(run.Seed));
        model.Train(steps, 2e-3, step => Batch(run, 1, step * 32, 32, tasks), doing);
        return model;
    }

    /// <summary>
    /// Ids that are right without any right prefix; with the same inputs for all tasks, or other ones for each.
    /// </summary>
    private static double Accuracy(LabRun run, SmallModel model, int task, int examples, bool other)
    {
        int[][] sources = [.. Enumerable.Range(0, examples)
            .Select(i => Draw(run, other ? 3UL : 2UL, other ? i : i * Tasks.Length + task))];
        int[][] made = model.Greedy([.. sources.Select(source => (int[])[Tasks[task].Id, .. source])], Start, Length);
        return sources.Select((source, i) => Tasks[task].Do(source).Zip(made[i]).Count(pair => pair.First == pair.Second))
            .Sum() / (double)(examples * Length);
    }

    private static TrainingBatch Batch(LabRun run, ulong stream, int first, int count, int[] tasks)
    {
        var batch = new PairBatch(Start);
        for (int i = first; i < first + count; i++)
        {
            (int id, _, Func<int[], int[]> make) = Tasks[tasks[i % tasks.Length]];
            int[] source = Draw(run, stream, i);
            batch.Add([id, .. source], make(source));
        }

        return batch.Build();
    }

    private static int[] Draw(LabRun run, ulong stream, int number)
    {
        var random = new CounterRandom(run.Seed, stream);
        return [.. Enumerable.Range(0, Length).Select(t => random.Below((ulong)(number * Length + t), Symbols))];
    }
}
