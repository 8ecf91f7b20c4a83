namespace Seriatim.Lab;

/// <summary>Loss by number of heads at equal width, and what the heads of a translator look at.</summary>
internal sealed class HeadsExperiment : Experiment
{
    private const int Length = 32, Width = 64, Symbols = 12, Kinds = 4;
    private const int Vocabulary = Kinds + 1 + Kinds * Kinds * Kinds;

    public override string Name => "heads";

    public override LabText Title => new("Heads", "注意力头");

    public override LabText Claim => new(
        "At equal width, and so equal parameters, several heads are better than one; each learns to look at something else.",
        "在宽度相同(因而参数相同)时,多头优于单头;各个头学会关注不同的对象。");

    public override string Source => "Vaswani et al., 2017, section 3.2.2 and table 3 (A); Voita et al., 2019, section 3";

    public override string Formula => "parameters of h heads of E / h features = 4 E² + 4 E for every h";

    public override IReadOnlyList<Expectation> Rule { get; } =
    [
        Expectation.Exactly("parameter-spread", new("every number of heads has the same parameters", "参数量与头数无关"), 0),
        Expectation.AtLeast("one-head-cost", new("three places at once: one head is worse than the best number by 0.1 or more",
            "同时看三个位置:单头比最佳头数的损失高 0.1 以上"), 0.1, 0.01),
        Expectation.AtLeast("most-fixed-head",
            new("the most fixed head of the translator has half of its weight on one place: the row before, itself or after",
            "翻译模型中最固定的头有一半权重落在同一相对位置"), 0.5, 0.25),
        Expectation.AtLeast("head-spread", new("heads differ: the most and the least fixed ones by 0.2 or more",
            "头之间有差异:最固定与最不固定相差 0.2 以上"), 0.2, 0.05),
    ];

    public override bool TakesModel => true;

    public override async Task RunAsync(LabRun run)
    {
        using Translator translator = await OpenAsync(run);
        Numbers(run);
        Looks(run, translator);
    }

    private static void Numbers(LabRun run)
    {
        int[] heads = run.Pick<int[]>([1, 4], [1, 2, 4], [1, 2, 4, 8, 16, 32]);
        double[] places = new double[heads.Length], letters = new double[heads.Length];
        var parameters = new List<long>();
        for (int i = 0; i < heads.Length; i++)
        {
            run.Say($"{heads[i]} heads");
            var small = new LabModel("CausalLM", Vocabulary, Symbols + 1) { Heads = heads[i], Layers = 1 };
            using (Model model = small.Make(run.Seed))
            {
                LabTraining.Train(run, model, run.Pick(250, 300, 2000), 5e-3, step => Places(run.Seed, step, 48));
                places[i] = LabTraining.LossOf(run, model, Places(run.Seed, -1, 500));
                parameters.Add(model.ParameterCount);
                run.Count($"places-{heads[i]}", places[i], "nats", new($"loss, three places, {heads[i]} heads",
                    $"三个位置的损失,{heads[i]} 个头"));
            }

            letters[i] = Letters(run, heads[i]);
            run.Count($"letters-{heads[i]}", letters[i], "nats", new($"held-out loss, letters, {heads[i]} heads",
                $"字母验证损失,{heads[i]} 个头"));
        }

        run.Count("parameter-spread", parameters.Max() - parameters.Min(), "",
            new("largest less smallest number of parameters", "参数量最大减最小"));
        run.Count("one-head-cost", places[0] - places.Min(), "nats", new("three places: loss of one head less the best",
            "三个位置:单头损失减最佳"));
        run.Add(new LabTable(new("Loss by heads at equal width", "宽度相同时按头数的损失"),
            [new("heads", "头数"), new("three places", "三个位置"), new("letters", "字母")],
            [.. heads.Select((h, i) => (IReadOnlyList<string>)[$"{h}", $"{places[i]:F3}", $"{letters[i]:F3}"])], Timed: false));
        run.Note(new(
            "Three places: one layer must tell which symbols stand at three places of a text. Letters: small models of " +
            "Shakespeare, which several layers make out with one head as well.",
            "三个位置:单层模型须同时说出文本中三个位置上的符号。字母:莎士比亚的小模型,多层时单头也足够。"));
        double[] x = [.. heads.Select(h => (double)h)];
        run.Plot = new LabPlot(new("Loss by heads at equal width", "宽度相同时的头数与损失"), new("heads", "头数"), new("nats", "奈特"),
            [new(new("three places", "三个位置"), x, places), new(new("letters", "字母"), x, letters)])
        {
            LogX = true,
        };
    }

    private static double Letters(LabRun run, int heads)
    {
        var shape = new LabModel("CausalLM", LabLetters.Vocabulary, Length) { Width = Width, Heads = heads };
        using Model model = shape.Make(run.Seed);
        LabTraining.Train(run, model, run.Pick(10, 120, 2000), 4e-3, step => LabLetters.Batch(run.Seed, step, 16, Length));
        return LabTraining.LossOf(run, model, LabLetters.Batch(run.Seed, 1, 100, Length, held: true));
    }

    /// <summary>Texts of symbols; the row after them is asked which ones stand at three places, as one of 64 answers.</summary>
    private static TrainingBatch Places(ulong seed, int draw, int count)
    {
        var random = new CounterRandom(seed, (ulong)(draw + 5));
        var builder = new RaggedBatchBuilder();
        List<int> rows = [], labels = [];
        for (int i = 0; i < count; i++)
        {
            int[] text = [.. Enumerable.Range(0, Symbols).Select(at => random.Below((ulong)(i * Symbols + at), Kinds)), Kinds];
            rows.Add(builder.Rows + Symbols);
            labels.Add(Kinds + 1 + (text[2] * Kinds + text[5]) * Kinds + text[9]);
            builder.Add(text);
        }

        return new TrainingBatch(builder.Build(), null, [.. rows], [.. labels]);
    }

    private static async Task<Translator> OpenAsync(LabRun run)
    {
        string path = await run.ResolveAsync("zh-en");
        try
        {
            Translator translator = await Translator.OpenAsync(path, new LanguageModelOptions { Threads = run.Threads },
                run.Cancellation);
            if (AttentionMaps.CanRead(translator.Model))
                return translator;
            translator.Dispose();
            throw new LabSkipException(new(
                "The encoder of this model has other attention than plain heads with norms after each part.",
                "此模型的编码器不是后置归一化的普通多头注意力。"));
        }
        catch (ModelTaskException wrong)
        {
            throw new LabSkipException(new(wrong.Message, $"模型不适用:{wrong.Message}"));
        }
    }

    /// <summary>How the weight of each head of the encoder lies, in the mean over rows of some sentences.</summary>
    private static void Looks(LabRun run, Translator translator)
    {
        run.Say("heads of the translator");
        int layers = translator.Model.Spec.Encoder!.Layers.Count;
        var sums = new SortedDictionary<(int Layer, int Head), HeadLook>();
        int sentences = run.Pick(4, 20, 60);
        foreach ((string chinese, _) in LabData.Pairs.Take(sentences))
        {
            int[] ids = translator.Request(chinese, Languages(translator)).EncoderInput.ToArray();
            foreach (((int Layer, int Head) head, double[][] map) in AttentionMaps.Of(translator.Model, run.Ops, ids))
                sums[head] = sums.GetValueOrDefault(head).Add(map);
        }

        HeadLook[] looks = [.. sums.Values];
        run.Count("most-fixed-head", looks.Max(look => look.Fixed), "",
            new("largest share on the row before, itself or after", "落在前一、自身或后一位置的最大份额"));
        run.Count("head-spread", looks.Max(look => look.Fixed) - looks.Min(look => look.Fixed), "",
            new("most less least fixed head", "最固定减最不固定的头"));
        run.Add(new LabTable(new($"What the {looks.Length} heads of {layers} encoder layers look at, {sentences} sentences",
                $"{layers} 层编码器的 {looks.Length} 个头关注什么,{sentences} 个句子"),
            [new("head", "头"), new("before", "前一"), new("itself", "自身"), new("after", "后一"), new("first", "首位"),
                new("last", "末位"), new("bits", "熵(比特)")],
            [.. sums.Select(pair => (IReadOnlyList<string>)[$"{pair.Key.Layer}.{pair.Key.Head}",
                .. pair.Value.Shares.Select(share => $"{share:P0}"),
                $"{pair.Value.Bits:F2}"])], Timed: false));
    }

    private static TranslationOptions Languages(Translator translator) => translator.Directions.Count > 0
        ? new TranslationOptions { From = "zh", To = "en" }
        : new TranslationOptions();
}
