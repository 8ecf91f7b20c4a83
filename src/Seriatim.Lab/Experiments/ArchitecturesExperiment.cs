namespace Seriatim.Lab;

/// <summary>Decoder, encoder-decoder and encoder of the same size on the same pairs.</summary>
internal sealed class ArchitecturesExperiment : Experiment
{
    private static readonly string[] Shapes = ["CausalLM", "Seq2SeqLM", "MaskedLM"];
    private static readonly LabText[] Names =
        [new("decoder", "仅解码器"), new("encoder-decoder", "编码器-解码器"), new("encoder", "仅编码器")];

    public override string Name => "architectures";

    public override LabText Title => new("Three architectures", "三种架构");

    public override LabText Claim => new(
        "With the same parameters and data all three copy; where a text has several right translations, the encoder alone, " +
            "which writes all words at once, mixes them.",
        "参数和数据相同时三者都能复制;当一句话有多种正确译法时,一次写出所有词的纯编码器会把它们混在一起。");

    public override string Source =>
        "Raffel et al., 2020 (T5), section 3.2; Gu et al., 2018, section 3 (the multimodality problem)";

    public override string Formula =>
        "share of right texts of an encoder that chooses each of n words by itself: 2 / 2^n; of the others: 1";

    public override IReadOnlyList<Expectation> Rule { get; } =
    [
        Expectation.AtMost("parameter-spread", new("parameters differ by at most 2 %", "参数量相差至多 2%"), 0.02, 0.04),
        Expectation.AtLeast("copy-worst", new("the worst of the three copies 90 % of texts", "三者中最差的能复制 90% 的文本"), 0.9, 0.5),
        Expectation.AtLeast("translate-decoder", new("the decoder translates 90 % of texts", "仅解码器能翻译 90% 的文本"), 0.9, 0.5),
        Expectation.AtLeast("translate-encoder-decoder", new("the encoder-decoder translates 90 %", "编码器-解码器能翻译 90%"), 0.9, 0.5),
        new("mixing-ratio", new("the encoder alone: right texts / formula is 0.5 to 1.6", "纯编码器:正确率 / 公式为 0.5 至 1.6"), 0.5, 1.6,
            0.25, 4),
    ];

    public override Task RunAsync(LabRun run)
    {
        LabModel first = Shape(Shapes[0], layers: 4);
        long parameters = Count(first);
        LabModel[] models = [first, Shape(Shapes[1], layers: 2).WithParameters(parameters),
            Shape(Shapes[2], layers: 4).WithParameters(parameters)];
        long[] counts = [.. models.Select(Count)];
        run.Count("parameter-spread", (counts.Max() - counts.Min()) / (double)parameters, "",
            new("spread of parameters", "参数量差距"));
        double[] copied = new double[3], translated = new double[3];
        for (int i = 0; i < 3; i++)
        {
            copied[i] = Learn(run, models[i], Names[i], new PairTask(Synonyms: false));
            translated[i] = Learn(run, models[i], Names[i], new PairTask(Synonyms: true));
            string key = Names[i].English;
            run.Count($"copy-{key}", copied[i], "", new($"texts copied, {key}", $"复制正确的文本,{Names[i].Chinese}"));
            run.Count($"translate-{key}", translated[i], "", new($"texts translated, {key}", $"翻译正确的文本,{Names[i].Chinese}"));
        }

        run.Count("mixing-ratio", translated[2] / (2 / Math.Pow(2, PairTask.Length)), "x",
            new("the encoder alone: right texts / formula", "纯编码器:正确率 / 公式"));
        run.Count("copy-worst", copied.Min(), "", new("the worst of the three copies", "三者中最差的复制"));
        run.Add(new LabTable(new("Texts that are right as a whole", "整句正确的比例"),
            [new("architecture", "架构"), new("parameters", "参数量"), new("copying", "复制"), new("translating", "翻译")],
            [.. Names.Select((name, i) => (IReadOnlyList<string>)[name.English, $"{counts[i]:N0}", $"{copied[i]:P0}",
                $"{translated[i]:P0}"])],
            Timed: false));
        run.Note(new(
            "Each word is drawn from what the model thinks of it, so that what it knows is seen and not what happens to be " +
            "likelier by a hair.",
            "每个词按模型给出的概率抽取,因此看到的是模型所知,而非细微的偏好。"));
        run.Note(new(
            "The language is made up: each word has two translations, and a sentence takes all of the first kind or all of " +
            "the second, backwards.",
            "语言是虚构的:每个词有两种译法,一个句子要么全用第一种,要么全用第二种,且语序相反。"));
        run.Plot = new LabPlot(new("Right texts", "正确的文本"), new("architecture", "架构"), new("share", "比例"),
            [new(new("copying", "复制"), [0, 1, 2], copied), new(new("translating", "翻译"), [0, 1, 2], translated)])
        {
            Names = Names,
        };
        return Task.CompletedTask;
    }

    private static LabModel Shape(string shape, int layers) =>
        new(shape, PairTask.Vocabulary, 2 * PairTask.Length + 2) { Layers = layers, Width = 48 };

    private static long Count(LabModel shape)
    {
        using Model model = shape.Make(1);
        return model.ParameterCount;
    }

    private static double Learn(LabRun run, LabModel shape, LabText name, PairTask task)
    {
        run.Say($"{(task.Synonyms ? "translating" : "copying")}, {name.English}");
        using Model model = shape.Make(run.Seed);
        LabTraining.Train(run, model, run.Pick(160, 190, 1500), 5e-3, step => task.Batch(shape.Shape, run.Seed, step, 48));
        return task.Right(run, model, shape.Shape, run.Pick(100, 200, 500));
    }
}
