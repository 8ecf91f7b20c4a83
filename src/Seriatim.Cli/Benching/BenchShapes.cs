using System.Text;
using Seriatim.Models;

namespace Seriatim.Cli;

/// <summary>Shapes of published models, for measuring without a file.</summary>
internal static class BenchShapes
{
    private static readonly Dictionary<string, string> Configs = new()
    {
        ["tinyllama-1.1b"] = Llama("Llama", 2048, 5632, 22, 32, 4, 32000, tied: false),
        ["smollm-135m"] = Llama("Llama", 576, 1536, 30, 9, 3, 49152, tied: true),
        ["qwen2.5-0.5b"] = Llama("Qwen2", 896, 4864, 24, 14, 2, 151936, tied: true),
        ["llama-3.2-1b"] = Llama("Llama", 2048, 8192, 16, 32, 8, 128256, tied: true),
        ["mixtral-8x7b"] = Llama("Mixtral", 4096, 14336, 32, 32, 8, 32000, tied: false, experts: 8),
        ["mixtral-4x7b"] = Llama("Mixtral", 4096, 14336, 32, 32, 8, 32000, tied: false, experts: 4),
    };

    public static IEnumerable<string> Names => Configs.Keys;

    /// <summary>A model of that shape with random weights.</summary>
    public static Model Make(string name, string quant)
    {
        if (!Configs.TryGetValue(name, out string? config))
            throw new UsageException($"--shape is {name}; it must be one of {string.Join(", ", Names)}.");
        QuantizationMix mix = QuantizeCommand.Mix(quant, pure: false);
        byte[] json = Encoding.UTF8.GetBytes(config);
        using var document = System.Text.Json.JsonDocument.Parse(json);
        int layers = document.RootElement.GetProperty("num_hidden_layers").GetInt32();
        bool tied = document.RootElement.GetProperty("tie_word_embeddings").GetBoolean();
        return Model.Create(name, json, new RandomBlockSource(mix, layers, tied, seed: 1));
    }

    private static string Llama(string family, int width, int inner, int layers, int heads, int keys, int vocabulary, bool tied,
        int experts = 0) => $$"""
        {"architectures": ["{{family}}ForCausalLM"], "hidden_size": {{width}}, "intermediate_size": {{inner}},
        "num_hidden_layers": {{layers}}, "num_attention_heads": {{heads}}, "num_key_value_heads": {{keys}},
        "vocab_size": {{vocabulary}}, "max_position_embeddings": 8192,
        "rms_norm_eps": 1e-5, "tie_word_embeddings": {{(tied ? "true" : "false")}}
        {{(experts == 0 ? "" : $", \"num_local_experts\": {experts}, \"num_experts_per_tok\": 2")}}}
        """;
}
