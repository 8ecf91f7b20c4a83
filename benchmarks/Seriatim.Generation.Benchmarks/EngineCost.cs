using System.Text;
using Seriatim.Models;
using Seriatim.Tensors;

namespace Seriatim.Generation.Benchmarks;

/// <summary>
/// The engine's own work between two passes of 64 sequences: planning, pages, committing, strategies, choosing. The model has
/// hardly any layers and ids, so that nearly nothing of it is arithmetic.
/// </summary>
internal static class EngineCost
{
    private const int Rounds = 7;
    private const int NewTokens = 300;

    public static async Task RunAsync(int threads)
    {
        string config = """
            {
              "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu", "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1,
              "num_attention_heads": 1, "num_key_value_heads": 1, "vocab_size": 64, "max_position_embeddings": 4096, "rms_norm_eps": 1e-5,
              "rope_theta": 10000.0, "tie_word_embeddings": true
            }
            """;
        using Model model = Model.Create("config.json", Encoding.UTF8.GetBytes(config), new RandomSource(1));
        using IDifferentiableOps ops = CpuOps.Create(threads);
        var request = new GenerationRequest { Prompt = new[] { 1, 2, 3 }, MaxNewTokens = NewTokens, Seed = 1 };
        (string Name, int Requests, GenerationRequest Request)[] kinds =
        [
            ("64 requests, greedy", 64, request with { Sampling = SamplingOptions.Greedy }),
            ("64 requests, top-k 40, top-p 0.95", 64,
                request with { Sampling = new() { Temperature = 0.8f, TopK = 40, TopP = 0.95f } }),
            ("16 requests of 4 samples", 16, request with { Count = 4 }),
            ("16 requests of 4 beams", 16, request with { Beam = new() { Beams = 4 } }),
        ];
        Console.WriteLine($"ms a step of 64 sequences by the engine's own clock; median of {Rounds} runs of {NewTokens} tokens");
        Console.WriteLine($"{"",-36} {"planning",9} {"taking rows",12} {"own work",9} {"passes",9} {"bytes a token",14}");
        foreach ((string name, int count, GenerationRequest kind) in kinds)
        {
            var rounds = new List<(double Plan, double Take, double Pass, double Bytes)>();
            for (int round = -2; round < Rounds; round++)
            {
                using var engine = new GenerationEngine(new LoadedModel(model, ops),
                    new EngineOptions { Pages = 8192, StepTime = Timeout.InfiniteTimeSpan });
                long before = GC.GetTotalAllocatedBytes(precise: true);
                await Task.WhenAll(Enumerable.Range(0, count).Select(i => engine.CompleteAsync(kind with { Seed = (ulong)i })));
                double bytes = (GC.GetTotalAllocatedBytes(precise: true) - before) / (64.0 * NewTokens);
                EngineStatistics statistics = await engine.GetStatisticsAsync();
                if (round >= 0)
                {
                    rounds.Add((statistics.Times.Scheduling.TotalMilliseconds / statistics.Steps,
                        statistics.Times.Sampling.TotalMilliseconds / statistics.Steps,
                        statistics.Times.Passes.TotalMilliseconds / statistics.Steps, bytes));
                }
            }

            rounds.Sort((a, b) => (a.Plan + a.Take).CompareTo(b.Plan + b.Take));
            (double plan, double take, double pass, double allocated) = rounds[Rounds / 2];
            Console.WriteLine($"{name,-36} {plan,9:F3} {take,12:F3} {plan + take,9:F3} {pass,9:F3} {allocated,14:F0}");
        }
    }
}
