using System.Diagnostics;
using System.Text;
using Seriatim.Models;
using Seriatim.Tensors;

namespace Seriatim.Generation.Benchmarks;

/// <summary>
/// Where the time of 200 embeddings goes: the shape of all-MiniLM-L6-v2, texts of 6 to 60 tokens, the work of
/// <c>benchmarks/peers</c>, op by op.
/// </summary>
internal static class EmbeddingCost
{
    private const int Texts = 200, Rounds = 9, Vocabulary = 30522;

    private const string Config = """
        {
          "architectures": ["BertModel"], "model_type": "bert", "hidden_size": 384, "num_hidden_layers": 6,
          "num_attention_heads": 12, "intermediate_size": 1536, "hidden_act": "gelu", "vocab_size": 30522,
          "max_position_embeddings": 512, "type_vocab_size": 2, "layer_norm_eps": 1e-12, "pad_token_id": 0
        }
        """;

    public static async Task RunAsync(int threads)
    {
        using Model model = Model.Create("minilm", Encoding.UTF8.GetBytes(Config), new RandomSource(1, 0.02f));
        var random = new Random(1);
        int[][] texts = [.. Enumerable.Range(0, Texts).Select(_ =>
            (int[])[.. Enumerable.Range(0, random.Next(6, 61)).Select(_ => random.Next(1000, Vocabulary))])];
        using var probe = new MachineProbe(threads);
        var plain = new List<double>();
        var shares = new List<double>();
        OpTimes times = new();
        EngineStatistics? statistics = null;
        long tokens = texts.Sum(text => (long)text.Length);
        double work = 2.0 * tokens * 6 * (4 * 384 * 384 + 2 * 384 * 1536);
        for (int round = -2; round < Rounds; round++)
        {
            double limit = 2 * probe.Measure().F32MultiplyAddsPerSecond;
            using (IDifferentiableOps ops = CpuOps.Create(threads))
            {
                (double total, statistics) = await OnceAsync(model, ops, texts);
                plain.Add(total);
                shares.Add(work / (total / 1e3) / limit);
            }

            times = new OpTimes();
            using IDifferentiableOps observed = new ObservedOps(CpuOps.Create(threads), times);
            await OnceAsync(model, observed, texts);
        }

        double[] sorted = [.. plain.Skip(2).Order()], share = [.. shares.Skip(2).Order()];
        Console.WriteLine($"{Texts} texts, {tokens} tokens, {threads} threads: {sorted[Rounds / 2]:F0} ms ({sorted[0]:F0} to "
            + $"{sorted[^1]:F0}), {statistics!.Steps} steps; its linear layers are {share[Rounds / 2]:P0} of the F32 limit");
        Console.WriteLine($"  timed: {string.Join(", ", times.Milliseconds(1).Select(op => $"{op.Key} {op.Value:F1}"))}");
    }

    private static async Task<(double Total, EngineStatistics Statistics)> OnceAsync(
        Model model, IDifferentiableOps ops, int[][] texts)
    {
        using var engine = new GenerationEngine(new LoadedModel(model, ops), new EngineOptions());
        long start = Stopwatch.GetTimestamp();
        await Task.WhenAll(texts.Select(ids => engine.EncodeAsync(
            new EncodingRequest { Tokens = ids, Pooling = PoolingKind.Mean, Normalize = true })));
        return (Stopwatch.GetElapsedTime(start).TotalMilliseconds, await engine.GetStatisticsAsync());
    }
}
