namespace Seriatim.Training.Benchmarks;

/// <summary>A model and a batch.</summary>
/// <param name="Goal">Share of the limit that the project asks for.</param>
internal sealed record StepCase(
    string Name, string Description, int Layers, int Heads, int Width, int Vocabulary, int Context, int Sequences, int Length, double Goal)
{
    public static StepCase[] All { get; } =
    [
        new("small", "GPT, 6 layers, 6 heads, width 384, context 256, batch 8, vocabulary 65", 6, 6, 384, 65, 256, 8, 256, 0.50),
        new("gpt2-124m", "GPT-2 124M, batch 4 x 64", 12, 12, 768, 50257, 1024, 4, 64, 0.60),
    ];

    public string Config => $$"""
        {
          "architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "vocab_size": {{Vocabulary}}, "n_positions": {{Context}},
          "n_embd": {{Width}}, "n_layer": {{Layers}}, "n_head": {{Heads}}, "activation_function": "gelu_new", "layer_norm_epsilon": 1e-05,
          "attn_pdrop": 0.0, "embd_pdrop": 0.0, "resid_pdrop": 0.0
        }
        """;
}
