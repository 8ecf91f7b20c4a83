namespace Seriatim.Server.Benchmarks;

/// <summary>The sizes of a LLaMA.</summary>
internal sealed record ModelShape(string Name, int Width, int Inner, int Layers, int Heads, int KeyValueHeads)
{
    /// <summary>Its config.json.</summary>
    public string Config => $$"""
        {
          "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu", "hidden_size": {{Width}},
          "intermediate_size": {{Inner}}, "num_hidden_layers": {{Layers}}, "num_attention_heads": {{Heads}},
          "num_key_value_heads": {{KeyValueHeads}}, "vocab_size": 49152, "max_position_embeddings": 8192,
          "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "tie_word_embeddings": true
        }
        """;
}
