using System.Text;

namespace Seriatim.Lab;

/// <summary>Models with random weights of a fixed seed: for what depends on shapes alone.</summary>
internal static class RandomModels
{
    /// <summary>A Llama: rotary positions, RMS norms, gated feed-forward layers, all heads with keys of their own.</summary>
    /// <param name="width">Features of a row, a multiple of 64.</param>
    /// <param name="layers">Layers.</param>
    /// <param name="context">Most positions.</param>
    /// <param name="vocabulary">Ids.</param>
    public static Model Llama(int width, int layers, int context, int vocabulary) => Model.Create(
        "a random Llama", Encoding.UTF8.GetBytes($$"""
            {"architectures": ["LlamaForCausalLM"], "vocab_size": {{vocabulary}}, "hidden_size": {{width}},
            "intermediate_size": {{width * 11 / 4 / 32 * 32}}, "num_hidden_layers": {{layers}},
            "num_attention_heads": {{Math.Max(1, width / 64)}}, "num_key_value_heads": {{Math.Max(1, width / 64)}},
            "max_position_embeddings": {{context}}, "tie_word_embeddings": true}
            """), new RandomSource(1));

    /// <summary>The sentence that a report says of it.</summary>
    public static LabText Note(Model model) => new(
        $"Measured on a random Llama of {model.ParameterCount / 1e6:F1} million parameters: times do not depend on weights.",
        $"在一个随机初始化的 Llama 上测量({model.ParameterCount / 1e6:F1} 百万参数):用时与权重的内容无关。");
}
