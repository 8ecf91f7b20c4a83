namespace Seriatim.Lab;

/// <summary>
/// A translator that fills in whole sentences against one that writes them word by word, and what distillation gives it.
/// </summary>
internal sealed class MaskPredictExperiment : Experiment
{
    private static readonly int[] Iterations = [1, 2, 4, 10];

    public override string Name => "mask-predict";

    public override LabText Title => new("Filling in a sentence in a few passes", "几遍填完一个句子");

    public override LabText Claim => new(
        "A non-autoregressive model needs a few passes however long the sentence is; quality grows with the passes, and learning "
            + "from a teacher's translations is what makes few passes enough.",
        "非自回归模型不论句子多长只需几遍;质量随遍数提高,而向教师的译文学习使少数几遍就够。");

    public override string Source =>
        "Ghazvininejad et al., 2019: Mask-Predict, sections 4 and 5; Gu et al., 2018, section 3.3; Zhou et al., 2020";

    public override string Formula => "passes = T for any length N, against N; one pass on two equally good targets mixes them";

    public override IReadOnlyList<Expectation> Rule { get; } =
    [
        Expectation.AtLeast("bleu-gain", new("BLEU of 10 passes less that of 1", "10 遍的 BLEU 减 1 遍的"), 2, 0.5),
        Expectation.AtMost("bleu-gap", new("BLEU of zh-en with 4 beams less that of 10 passes", "zh-en 四束的 BLEU 减 10 遍的"), 3, 8),
        Expectation.AtLeast("speed",
            new("time of greedy decoding / of 4 passes, sentence by sentence", "逐句:贪心解码用时 / 4 遍用时"), 1.5, 1),
        Expectation.AtLeast("mixture", new(
            "two targets a source, one pass: answers that are one of them, distilled less raw", "每源两个目标、一遍:属于其一的答案,蒸馏减原始"), 0.3,
            0.1),
        Expectation.AtLeast("repair", new(
            "two targets a source: right answers of 8 passes less those of 1, raw", "每源两个目标:8 遍正确答案减 1 遍,原始数据"), 0.2, 0.05),
    ];

    public override async Task RunAsync(LabRun run)
    {
        using Translator filled = await run.OpenTranslatorAsync("zh-en-nar");
        await DistilAsync(run);
        await TranslateAsync(run, filled);
    }

    private static async Task TranslateAsync(LabRun run, Translator filled)
    {
        (string Chinese,
            string English)[] pairs = [.. LabData.Pairs.Take(run.Pick(15, LabData.Pairs.Count, LabData.Pairs.Count))];
        using Translator plain = await run.OpenTranslatorAsync("zh-en");
        double[] filledBleu = new double[Iterations.Length];
        for (int i = 0; i < Iterations.Length; i++)
        {
            filledBleu[i] = await BleuAsync(run, filled, pairs, new TranslationOptions { Iterations = Iterations[i] });
            run.Count($"bleu-{Iterations[i]}", filledBleu[i], "BLEU", new($"{Iterations[i]} passes", $"{Iterations[i]} 遍"));
        }

        double greedy = await BleuAsync(run, plain, pairs, new TranslationOptions { Beams = 1 });
        double beams = await BleuAsync(run, plain, pairs, new TranslationOptions { Beams = 4 });
        run.Count("bleu-greedy", greedy, "BLEU", new("zh-en, greedy", "zh-en,贪心"));
        run.Count("bleu-beams", beams, "BLEU", new("zh-en, 4 beams", "zh-en,四束"));
        run.Count("bleu-gain", filledBleu[^1] - filledBleu[0], "BLEU", new("10 passes less 1", "10 遍减 1 遍"));
        run.Count("bleu-gap", beams - filledBleu[^1], "BLEU", new("4 beams less 10 passes", "四束减 10 遍"));
        await TimeAsync(run, plain, filled, pairs);
        run.Plot = new LabPlot(new("BLEU by passes of the decoder", "BLEU 与解码遍数"), new("passes", "遍数"), new("BLEU", "BLEU"),
        [
            new("Mask-Predict", [.. Iterations.Select(n => (double)n)], filledBleu),
            new(new("greedy", "贪心"), [1, 10], [greedy, greedy]), new(new("4 beams", "四束"), [1, 10], [beams, beams]),
        ]);
        run.Note(new(
            $"BLEU of {2 * pairs.Length} short sentences, both directions: a point or two is chance. Scores of the test set are "
                + "in the models' cards.",
            $"BLEU 基于 {2 * pairs.Length} 个短句(双向),一两分属偶然;测试集得分见模型卡。"));
    }

    private static async Task<double> BleuAsync(
        LabRun run, Translator translator, (string Chinese, string English)[] pairs, TranslationOptions options)
    {
        run.Say($"{translator.Name}, {(options.Iterations is { } n ? $"{n} passes" : $"{options.Beams} beams")}");
        string[] toEnglish = await AllAsync(run, translator, [.. pairs.Select(p => p.Chinese)], options with { To = "en" });
        string[] toChinese = await AllAsync(run, translator, [.. pairs.Select(p => p.English)], options with { To = "zh" });
        return (Bleu.Corpus(toEnglish, [.. pairs.Select(p => (IReadOnlyList<string>)[p.English])], BleuTokenizer.Mteval13A).Score
            + Bleu.Corpus(toChinese, [.. pairs.Select(p => (IReadOnlyList<string>)[p.Chinese])], BleuTokenizer.Chinese).Score)
            / 2;
    }

    private static async Task<string[]> AllAsync(LabRun run, Translator translator, string[] texts, TranslationOptions options)
    {
        var all = new List<string>();
        await foreach (Translation made in translator.TranslateManyAsync(texts, options, run.Cancellation))
            all.Add(made.Text);
        return [.. all];
    }

    /// <summary>Seconds a sentence: one by one, and all at once.</summary>
    private static async Task TimeAsync(
        LabRun run, Translator plain, Translator filled, (string Chinese, string English)[] pairs)
    {
        string[] texts = [.. pairs.Select(p => p.Chinese).Take(run.Pick(2, 16, 48))];
        (string Key, LabText Words, Translator Translator, TranslationOptions Options)[] ways =
        [
            ("greedy", new("greedy", "贪心"), plain, new TranslationOptions { To = "en", Beams = 1 }),
            ("beams", new("4 beams", "四束"), plain, new TranslationOptions { To = "en", Beams = 4 }),
            .. Iterations.Select(n => ($"{n}-passes", new LabText($"{n} passes", $"{n} 遍"), filled,
                new TranslationOptions { To = "en", Iterations = n })),
        ];
        run.Say("times");
        int rounds = run.Pick(1, 3, 7);
        await Task.Yield();
        double[] single = LabClock.ByTurns(run, rounds, [.. ways.Select(way => (Action)(() =>
        {
            foreach (string text in texts)
                AllAsync(run, way.Translator, [text], way.Options).GetAwaiter().GetResult();
        }))]);
        double[] batch = LabClock.ByTurns(run, rounds, [.. ways.Select(way => (Action)(() =>
            AllAsync(run, way.Translator, texts, way.Options).GetAwaiter().GetResult()))]);
        var rows = new List<IReadOnlyList<string>>();
        for (int i = 0; i < ways.Length; i++)
        {
            (single[i], batch[i]) = (single[i] / texts.Length * 1e3, batch[i] / texts.Length * 1e3);
            run.Measure($"ms-{ways[i].Key}", single[i], "ms", new(
                $"{ways[i].Words.English}, a sentence by itself", $"{ways[i].Words.Chinese},逐句"));
            rows.Add([ways[i].Words.English, $"{single[i]:F1}", $"{batch[i]:F1}"]);
        }

        run.Measure("speed", single[0] / single[2 + Array.IndexOf(Iterations, 4)], "x", new("greedy / 4 passes", "贪心 / 4 遍"));
        run.Add(new LabTable(new("Milliseconds a sentence", "每句毫秒"),
            [new("way", "方式"), new("one by one", "逐句"), new("all at once", "一起")], rows, Timed: true));
    }

    /// <summary>
    /// Each source has two good targets: in small letters, and in capitals. A teacher decides; raw data do not.
    /// </summary>
    private static async Task DistilAsync(LabRun run)
    {
        var task = new TwoTargets(run);
        int steps = run.Pick(400, 450, 900);
        Dictionary<int, int[]> taught;
        double teacher;
        using (var model = new SmallModel(run,
            new LabModel("Seq2SeqLM", TwoTargets.Vocabulary, 32) { Width = 64 }.Make(run.Seed)))
        {
            model.Train(steps, 2e-3, step => task.Pairs(step), "the teacher");
            taught = task.Teach(model);
            teacher = task.Share(taught.Select(pair => (pair.Key, pair.Value)));
        }

        run.Count("teacher", teacher, "", new("right answers of the teacher", "教师的正确答案"));
        double[] raw = await LearnAsync(run, task, steps, null, "raw"),
            distilled = await LearnAsync(run, task, steps, taught, "distilled");
        run.Count("raw-1", raw[0], "", new("raw, one pass", "原始,一遍"));
        run.Count("raw-8", raw[1], "", new("raw, 8 passes", "原始,8 遍"));
        run.Count("distilled-1", distilled[0], "", new("distilled, one pass", "蒸馏,一遍"));
        run.Count("distilled-8", distilled[1], "", new("distilled, 8 passes", "蒸馏,8 遍"));
        run.Count("mixture", distilled[0] - raw[0], "", new("one pass, distilled less raw", "一遍,蒸馏减原始"));
        run.Count("repair", raw[1] - raw[0], "", new("raw, 8 passes less one", "原始,8 遍减 1 遍"));
        run.Add(new LabTable(new("Two good targets a source: answers that are one of them", "每个源有两个好目标:属于其一的答案"),
            [new("learnt from", "学习自"), new("1 pass", "1 遍"), new("8 passes", "8 遍")],
            [["raw", $"{raw[0]:F3}", $"{raw[1]:F3}"], ["teacher", $"{distilled[0]:F3}", $"{distilled[1]:F3}"]], Timed: false));
    }

    private static async Task<double[]> LearnAsync(
        LabRun run, TwoTargets task, int steps, Dictionary<int, int[]>? taught, string doing)
    {
        using var model = new SmallModel(run, TwoTargets.Make(run.Seed));
        model.Train(steps, 2e-3, step => task.Masked(step, taught), $"Mask-Predict, {doing}");
        return [await task.ShareAsync(model, 1), await task.ShareAsync(model, 8)];
    }
}
