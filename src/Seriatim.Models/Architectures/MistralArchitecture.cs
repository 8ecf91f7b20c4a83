namespace Seriatim.Models;

/// <summary>Mistral (Jiang et al., 2023): llama with a sliding window.</summary>
internal sealed class MistralArchitecture : Architecture
{
    public override string ModelType => "mistral";

    public override IReadOnlyList<string> ClassNames => ["MistralForCausalLM"];

    internal override string NestedDefaults => """
        {"vocab_size": 32000, "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32,
        "num_key_value_heads": 8, "max_position_embeddings": 131072, "rms_norm_eps": 1e-6, "sliding_window": 4096,
        "tie_word_embeddings": false}
        """;

    internal override GgufMap Gguf { get; } = new()
    {
        Architecture = "llama",
        Keys = GgufMap.LlamaKeys,
        Applies = _ => false, // llama reads them: the format has no window for it
        Names = spec => GgufMap.LlamaNames(spec, turned: true),
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
        attention = attention with { Window = LlamaFamily.Window(config, usual: 4096) };
        var layer = new LayerSpec(Placement.Pre, LlamaFamily.Norm(config), attention, LlamaFamily.FeedForward(config));
        return LlamaFamily.Model(config, ModelType, width, context, _ => layer, tied: false);
    }

    public override NameTable TensorNames(ModelSpec spec) => LlamaFamily.Names(spec);
}
