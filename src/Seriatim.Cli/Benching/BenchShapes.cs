using System.Text;
using Seriatim.Formats;
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
        ["qwen3-0.6b"] = """
            {"architectures": ["Qwen3ForCausalLM"], "hidden_size": 1024, "intermediate_size": 3072, "num_hidden_layers": 28,
            "num_attention_heads": 16, "num_key_value_heads": 8, "head_dim": 128, "vocab_size": 151936,
            "max_position_embeddings": 40960, "rms_norm_eps": 1e-6, "rope_theta": 1000000, "tie_word_embeddings": true}
            """,
        ["gemma3-1b"] = """
            {"architectures": ["Gemma3ForCausalLM"], "hidden_size": 1152, "intermediate_size": 6912, "num_hidden_layers": 26,
            "num_attention_heads": 4, "num_key_value_heads": 1, "head_dim": 256, "vocab_size": 262144,
            "max_position_embeddings": 32768, "sliding_window": 512, "sliding_window_pattern": 6, "query_pre_attn_scalar": 256,
            "rms_norm_eps": 1e-6, "rope_theta": 1000000, "rope_local_base_freq": 10000, "tie_word_embeddings": true}
            """,
        ["gpt-oss-20b"] = """
            {"architectures": ["GptOssForCausalLM"], "hidden_size": 2880, "intermediate_size": 2880, "num_hidden_layers": 24,
            "num_attention_heads": 64, "num_key_value_heads": 8, "head_dim": 64, "vocab_size": 201088,
            "num_local_experts": 32, "num_experts_per_tok": 4, "sliding_window": 128, "max_position_embeddings": 131072,
            "rms_norm_eps": 1e-5, "rope_theta": 150000, "tie_word_embeddings": false, "rope_scaling": {"rope_type": "yarn",
            "factor": 32.0, "beta_fast": 32.0, "beta_slow": 1.0, "original_max_position_embeddings": 4096, "truncate": false} }
            """,
        ["deepseek-v2-lite"] = """
            {"architectures": ["DeepseekV2ForCausalLM"], "hidden_size": 2048, "intermediate_size": 10944,
            "moe_intermediate_size": 1408, "num_hidden_layers": 27, "num_attention_heads": 16, "num_key_value_heads": 16,
            "n_routed_experts": 64, "n_shared_experts": 2, "num_experts_per_tok": 6, "first_k_dense_replace": 1,
            "moe_layer_freq": 1, "kv_lora_rank": 512, "q_lora_rank": null, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64,
            "v_head_dim": 128, "norm_topk_prob": false, "routed_scaling_factor": 1.0, "scoring_func": "softmax",
            "topk_method": "greedy", "n_group": 1, "topk_group": 1, "vocab_size": 102400, "max_position_embeddings": 4096,
            "rms_norm_eps": 1e-6, "rope_theta": 10000, "tie_word_embeddings": false}
            """,
    };

    /// <summary>Values of those shapes that a small machine may not hold.</summary>
    private static readonly Dictionary<string, double> Large = new()
    {
        ["mixtral-8x7b"] = 46.7e9,
        ["mixtral-4x7b"] = 24.2e9,
        ["gpt-oss-20b"] = 20.9e9,
        ["deepseek-v2-lite"] = 15.7e9,
    };

    public static IEnumerable<string> Names => Configs.Keys;

    /// <summary>A model of that shape with random weights.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="quant">The types of its matrices.</param>
    /// <param name="change">Changes the config, for tests; null: nothing does.</param>
    public static Model Make(string name, string quant, Func<string, string>? change = null)
    {
        if (!Configs.TryGetValue(name, out string? config))
            throw new UsageException($"--shape is {name}; it must be one of {string.Join(", ", Names)}.");
        QuantizationMix mix = QuantizeCommand.Mix(quant, pure: false);
        if (change is null && Large.TryGetValue(name, out double values))
            RequireRoom(name, values, quant);
        byte[] json = Encoding.UTF8.GetBytes(change?.Invoke(config) ?? config);
        using var document = System.Text.Json.JsonDocument.Parse(json);
        int layers = document.RootElement.GetProperty("num_hidden_layers").GetInt32();
        bool tied = document.RootElement.GetProperty("tie_word_embeddings").GetBoolean();
        return Model.Create(name, json, new RandomBlockSource(mix, layers, tied, seed: 1));
    }

    /// <summary>Random weights that do not fit would be swapped, and the figures those of a disk.</summary>
    private static void RequireRoom(string name, double values, string quant)
    {
        GgmlType type = Enum.TryParse(quant.Replace("_m", "", StringComparison.OrdinalIgnoreCase), ignoreCase: true,
            out GgmlType found)
            ? found
            : GgmlType.F32;
        double needed = values * type.TypeSize() / type.BlockSize();
        GC.Collect();
        GCMemoryInfo memory = GC.GetGCMemoryInfo();
        long free = Math.Max(0, memory.TotalAvailableMemoryBytes - memory.MemoryLoadBytes);
        if (needed > free)
        {
            throw new UserErrorException(
                $"{name} has {values / 1e9:F1} billion values, about {Terminal.Bytes((long)needed)} as {quant}; "
                    + $"{Terminal.Bytes(free)} of memory are free. Choose a smaller --quant or another shape.");
        }
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
