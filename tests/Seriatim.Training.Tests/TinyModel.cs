using System.Text;

namespace Seriatim.Training.Tests;

/// <summary>Small models from a seed.</summary>
internal static class TinyModel
{
    public static string GptConfig(int vocabulary = 48, int context = 16) => $$"""
        {
          "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": {{vocabulary}}, "hidden_size": 24,
          "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 2, "head_dim": 12, "intermediate_size": 40,
          "max_position_embeddings": {{context}}, "rms_norm_eps": 1e-05, "rope_theta": 10000.0, "hidden_act": "silu",
          "tie_word_embeddings": true, "attention_bias": false, "mlp_bias": false, "bos_token_id": 0, "eos_token_id": 0
        }
        """;

    public static Model Gpt(int vocabulary = 48, int context = 16) =>
        Model.Create("config.json", Encoding.UTF8.GetBytes(GptConfig(vocabulary, context)), new RandomSource(7));
}
