namespace Seriatim.Models;

/// <summary>
/// Qwen2 (Yang et al., 2024): llama with a bias on queries, keys and values, and a window on the upper layers if asked for.
/// </summary>
internal sealed class Qwen2Architecture : Architecture
{
    public override string ModelType => "qwen2";

    public override IReadOnlyList<string> ClassNames => ["Qwen2ForCausalLM"];

    internal override string NestedDefaults => """
        {"vocab_size": 151936, "hidden_size": 4096, "intermediate_size": 22016, "num_hidden_layers": 32,
        "num_attention_heads": 32, "num_key_value_heads": 32, "max_position_embeddings": 32768, "rms_norm_eps": 1e-6,
        "max_window_layers": 28, "tie_word_embeddings": false}
        """;

    internal override GgufMap Gguf { get; } = new()
    {
        Architecture = "qwen2",
        Keys = GgufMap.LlamaKeys,
        Names = spec => GgufMap.LlamaNames(spec, turned: false),
        Read = config => LlamaFamily.ReadGguf(config),
        Write = export =>
        {
            export.RequireNoWindow();
            LlamaFamily.WriteGguf(export);
        },
    };

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        int width = config.Size("hidden_size");
        (MixerSpec.Attention attention, int context) = LlamaFamily.Attention(config, width);
        attention = attention with { InputBias = true };
        int window = config.SizeOrNull("sliding_window") ?? 0;
        int firstWindowed = config.IdOrNull("max_window_layers") ?? 0;
        if (!config.Flag(false, "use_sliding_window"))
            window = 0;
        config.Only("use_mrope", false);
        config.WaiveAt("queries, keys and values always have one", "true", "attention_bias", "qkv_bias");
        NormSpec norm = LlamaFamily.Norm(config);
        FeedForwardSpec feedForward = LlamaFamily.FeedForward(config);
        return LlamaFamily.Model(config, ModelType, width, context, i =>
            new LayerSpec(Placement.Pre, norm, attention with { Window = i >= firstWindowed ? window : 0 }, feedForward));
    }

    public override NameTable TensorNames(ModelSpec spec) => LlamaFamily.Names(spec);
}
