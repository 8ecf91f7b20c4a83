using System.Text;
using Seriatim.Models;
using Seriatim.Tensors;

namespace Seriatim.Generation.Benchmarks;

/// <summary>
/// What choosing a token costs with a large vocabulary: a model that is hardly more than its output layer, one
/// sequence, the engine's own split of time.
/// </summary>
internal static class SamplingCost
{
    private const int Vocabulary = 128_256;
    private const int NewTokens = 300;
    private const int Rounds = 5;

    public static async Task RunAsync(int threads)
    {
        string config = $$"""
            {
              "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu", "hidden_size": 64, "intermediate_size": 64, "num_hidden_layers": 1,
              "num_attention_heads": 1, "num_key_value_heads": 1, "vocab_size": {{Vocabulary}}, "max_position_embeddings": 4096, "rms_norm_eps": 1e-5,
              "rope_theta": 10000.0, "tie_word_embeddings": true
            }
            """;
        using Model model = Model.Create("config.json", Encoding.UTF8.GetBytes(config), new RandomSource(1));
        using IDifferentiableOps ops = CpuOps.Create(threads);
        Console.WriteLine($"choosing one of {Vocabulary:N0} tokens; median of {Rounds} runs of {NewTokens} tokens");
        (string Name, SamplingOptions Options)[] kinds =
        [
            ("greedy", SamplingOptions.Greedy), ("temperature 0.8", new() { Temperature = 0.8f }),
            ("top-k 40, top-p 0.95", new() { Temperature = 0.8f, TopK = 40, TopP = 0.95f }),
            ("top-p 0.95", new() { Temperature = 0.8f, TopP = 0.95f }),
            ("min-p 0.05", new() { Temperature = 0.8f, MinP = 0.05f }),
        ];
        foreach ((string name, SamplingOptions options) in kinds)
        {
            var microseconds = new List<double>();
            for (int round = -1; round < Rounds; round++)
            {
                using var engine = new GenerationEngine(new LoadedModel(model, ops), new EngineOptions { Pages = 64 });
                await engine.CompleteAsync(new GenerationRequest
                {
                    Prompt = new[] { 1, 2, 3 },
                    MaxNewTokens = NewTokens,
                    Sampling = options,
                    Seed = 1,
                });
                double spent = (await engine.GetStatisticsAsync()).Times.Sampling.TotalMicroseconds / NewTokens;
                if (round >= 0)
                    microseconds.Add(spent);
            }

            microseconds.Sort();
            Console.WriteLine(
                $"{name,-22} {microseconds[Rounds / 2],7:F0} us a token ({microseconds[0]:F0} - {microseconds[^1]:F0})");
        }
    }
}
