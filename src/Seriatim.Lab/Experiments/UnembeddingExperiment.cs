using System.Text;

namespace Seriatim.Lab;

/// <summary>From the last hidden row to a text, and what the layers before would have said.</summary>
internal sealed class UnembeddingExperiment : Experiment
{
    private const int MostRows = 16;
    private const int MostIds = 40;
    private const float Mass = 0.95f;

    public override string Name => "unembedding";

    public override LabText Title => new("From a hidden row to a text", "从隐藏向量到文本");

    public override LabText Claim => new(
        "One matrix turns the last hidden row into a distribution, samplers cut its tail; layers read early come nearer to it.",
        "一个矩阵把最后的隐藏向量变成概率分布,采样器截去尾部;提前读出时,各层逐步接近最终分布。");

    public override string Source =>
        "nostalgebraist, 2020: the logit lens; Belrose et al., 2023: Tuned Lens, section 2; Holtzman et al., 2020, section 3";

    public override string Formula => "logits = W norm(x_L); p = softmax(logits); lens of layer l = softmax(W norm(x_l))";

    public override IReadOnlyList<Expectation> Rule { get; } =
    [
        Expectation.Exactly("lens-last-bits", new("the lens of the last layer is the model, to the bit", "最后一层的透镜与模型逐位相同"), 1),
        Expectation.AtMost("lens-correlation",
            new("divergence falls with depth: rank correlation at most -0.8", "散度随深度下降:秩相关至多 -0.8"), -0.8, -0.4),
        Expectation.AtLeast("lens-fall",
            new("the embedding is at least 3 x as far as the last layer but one", "嵌入层的散度至少为倒数第二层的 3 倍"), 3, 1.2),
        new("softmax-sum", new("probabilities add up to 1", "概率之和为 1"), 1 - 1e-9, 1 + 1e-9, 1 - 1e-6, 1 + 1e-6),
        Expectation.Exactly("top-k-kept", new("top-k keeps k", "top-k 保留 k 个"), 1),
        Expectation.Exactly("top-p-least", new("top-p keeps the fewest ids that have the mass", "top-p 保留达到概率质量的最少词元"), 1),
        Expectation.Exactly("greedy-same", new("the engine's token is the likeliest", "引擎选出的是概率最大者"), 1),
        Expectation.Exactly("bytes-same", new("the bytes of the tokens are the text", "词元的字节即文本"), 1),
    ];

    public override bool TakesModel => true;

    public override async Task RunAsync(LabRun run)
    {
        using LanguageModel opened = await run.OpenAsync("stories", new EngineOptions { PrefixCache = false });
        int[] prompt = opened.Tokenizer.Encode(LabPrompts.Stories[0]);
        float[] logits = Lens(run, opened, prompt);
        double[] log = Distribution.LogOf(logits);
        run.Count("entropy", Distribution.Entropy(log), "nats", new("entropy of the next token", "下一个词元的熵"));
        run.Count("softmax-sum", log.Sum(Math.Exp), "", new("sum of all probabilities", "概率之和"));
        Cuts(run, opened, prompt, logits, log);
        await TextAsync(run, opened, prompt, logits);
    }

    /// <summary>Reads every layer with the last norm and the head; the logits of the last row.</summary>
    private static float[] Lens(LabRun run, LanguageModel opened, int[] prompt)
    {
        Model model = opened.Model;
        StackSpec stack = model.Spec.Last;
        if (stack.HasHalves || stack.EmbeddingWidth != stack.Width || stack.FinalNorm is null)
        {
            throw new LabSkipException(new(
                $"The lens reads rows of the head's width through a last norm; a {model.Spec.Family} model is built otherwise.",
                $"透镜需要与输出层同宽并带最后归一化的行;{model.Spec.Family} 模型的结构不同。"));
        }

        run.Say("layers");
        NormWeight norm = FinalNorm(model, stack.FinalNorm);
        int[] rows = [.. Enumerable.Range(0, prompt.Length).TakeLast(Math.Min(MostRows, prompt.Length - 1))];
        RaggedBatch batch = new RaggedBatchBuilder().Add(prompt, outputs: Outputs.All).Build();
        var layers = new List<float[]>();
        using Tensor hidden = model.Forward(run.Ops, batch, null, (_, x) =>
        {
            using Tensor normed = run.Ops.Norm(x, norm);
            using Tensor read = model.Project(run.Ops, normed, rows);
            layers.Add(read.ToArray());
        });
        using Tensor last = model.Project(run.Ops, hidden, rows);
        float[] final = last.ToArray();
        run.Count("lens-last-bits", layers[^1].AsSpan().SequenceEqual(final) ? 1 : 0, "", new("1: the same bits", "1:逐位相同"));
        Depth(run, [.. layers.Select(layer => Rows(layer, rows.Length))], Rows(final, rows.Length));
        return final[(final.Length / rows.Length * (rows.Length - 1))..];
    }

    private static void Depth(LabRun run, double[][][] layers, double[][] final)
    {
        double[] divergence = [.. layers.Select(layer => final.Zip(layer, Distribution.Divergence).Average())];
        double[] agreement = [.. layers.Select(layer => final.Zip(layer, (a, b) => Best(a) == Best(b) ? 1.0 : 0).Average())];
        run.Count("lens-correlation", RankCorrelation(divergence[..^1]), "",
            new("rank correlation of depth and divergence", "深度与散度的秩相关"));
        run.Count("lens-fall", divergence[0] / divergence[^2], "x",
            new("divergence: embedding / last layer but one", "散度:嵌入 / 倒数第二层"));
        run.Count("lens-agreement", agreement[^2], "", new("last layer but one: same likeliest token", "倒数第二层:最可能词元一致的比例"));
        run.Add(new LabTable(new($"Layers read early, {final.Length} places", $"提前读出各层,{final.Length} 个位置"),
            [new("after layer", "层后"), new("divergence, nats", "散度,奈特"), new("same likeliest token", "最可能词元一致")],
            [.. divergence.Select((d, i) => (IReadOnlyList<string>)[$"{i}", $"{d:F4}", $"{agreement[i]:P0}"])], Timed: false));
        run.Plot = new LabPlot(new("How far each layer is from the end", "各层与最终分布的距离"), new("after layer", "层后"),
            new("nats", "奈特"),
            [new(new("divergence", "散度"), [.. divergence.Select((_, i) => (double)i)], divergence)]);
    }

    /// <summary>What each sampler leaves of the distribution.</summary>
    private static void Cuts(LabRun run, LanguageModel opened, int[] prompt, float[] logits, double[] log)
    {
        int k = Math.Min(MostIds, logits.Length - 1);
        (string Name, SamplingOptions Options)[] cuts =
        [
            ("temperature 1", new()), ("temperature 0.7", new() { Temperature = 0.7f }), ($"top-k {k}", new() { TopK = k }),
            ($"top-p {Mass}", new() { TopP = Mass }), ("min-p 0.05", new() { MinP = 0.05f }),
                ("typical-p 0.95", new() { TypicalP = 0.95f }),
            ("epsilon 0.001", new() { EpsilonCutoff = 0.001f }), ("top-n-sigma 1", new() { TopNSigma = 1 }),
        ];
        var rows = new List<IReadOnlyList<string>>();
        foreach ((string name, SamplingOptions options) in cuts)
        {
            var request = new GenerationRequest { Prompt = prompt, Sampling = options, Seed = run.Seed };
            var row = new LogitsRow(logits, prompt, [], run.Seed);
            int chosen = new SamplerChain(request, [], 1, logits.Length).Choose(row);
            int[] kept = [.. Enumerable.Range(0, logits.Length).Where(id => !row.IsDropped(id))];
            double mass = kept.Sum(id => Math.Exp(log[id])), least = kept.Min(id => Math.Exp(log[id]));
            rows.Add([name, $"{kept.Length:N0}", $"{mass:P2}", Shown(opened.Tokenizer, chosen), $"{Math.Exp(log[chosen]):P2}",
                opened.Tokenizer.TryGetBytes(chosen, out byte[]? bytes) ? Convert.ToHexString(bytes) : ""]);
            if (options.TopK == k)
                run.Count("top-k-kept", (double)kept.Length / k, "x", new("top-k: kept / k", "top-k:保留 / k"));
            if (options.TopP == Mass)
            {
                run.Count("top-p-least", mass >= Mass - 1e-6 && mass - least < Mass + 1e-6 ? 1 : 0, "",
                    new("1: the mass is reached, and would not be with one id less", "1:刚好达到概率质量"));
                run.Count("top-p-kept", kept.Length, "", new($"ids that top-p {Mass} keeps", $"top-p {Mass} 保留的词元数"));
            }
        }

        run.Add(new LabTable(new($"What samplers leave of {logits.Length:N0} ids", $"采样器从 {logits.Length:N0} 个词元中保留的部分"),
        [
            new("sampler", "采样器"), new("ids kept", "保留数"), new("of the probability", "概率质量"), new("drawn", "抽中"),
            new("its probability", "其概率"), new("its bytes", "其字节"),
        ], rows, Timed: false));
    }

    /// <summary>The engine's token, and the bytes of a few more against their text.</summary>
    private static async Task TextAsync(LabRun run, LanguageModel opened, int[] prompt, float[] logits)
    {
        run.Say("text");
        GenerationResult result = await opened.Engine.CompleteAsync(new GenerationRequest
        {
            Prompt = prompt,
            MaxNewTokens = run.Pick(8, 32, 32),
            EndIds = [],
            Sampling = SamplingOptions.Greedy,
            Tokenizer = opened.Tokenizer,
        }, run.Cancellation);
        IReadOnlyList<int> ids = result.Choices[0].TokenIds;
        run.Count("greedy-same", ids[0] == LabSteps.MostLikely(logits) ? 1 : 0, "", new("1: the likeliest token", "1:概率最大的词元"));
        byte[] bytes = [.. ids.Where(id => !opened.Tokenizer.IsSpecial(id)).SelectMany(opened.Tokenizer.BytesOf)];
        run.Count("bytes-same", Encoding.UTF8.GetString(bytes).Trim() == result.Choices[0].Text.Trim() ? 1 : 0, "",
            new("1: the bytes are the text", "1:字节即文本"));
        run.Count("bytes-a-token", (double)bytes.Length / ids.Count, "bytes", new("bytes of a token", "每个词元的字节数"));
    }

    private static NormWeight FinalNorm(Model model, NormSpec spec)
    {
        string path = model.Spec.Encoder is null ? "norm" : "decoder.norm";
        Parameter? Find(string ending) =>
            model.Parameters.FirstOrDefault(p => p.Path == path && p.Ending == ending)?.Parameter;
        return new NormWeight(spec.Kind, Find(".weight"), Find(".bias"), spec.Epsilon, spec.Offset);
    }

    private static double[][] Rows(float[] logits, int count)
    {
        int ids = logits.Length / count;
        return [.. Enumerable.Range(0, count).Select(row => Distribution.LogOf(logits.AsSpan(row * ids, ids)))];
    }

    private static int Best(double[] log) => Array.IndexOf(log, log.Max());

    /// <summary>Spearman's, of values and their places.</summary>
    private static double RankCorrelation(double[] values)
    {
        int n = values.Length;
        double squares = values.Select((value, place) => Math.Pow(values.Count(other => other < value) - place, 2)).Sum();
        return 1 - 6 * squares / (n * ((double)n * n - 1));
    }

    private static string Shown(Tokenizer tokenizer, int id) => $"{tokenizer.PieceOf(id)} ({id})";
}
