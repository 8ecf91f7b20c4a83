namespace Seriatim.Models;

/// <summary>
/// OLMo (Groeneveld et al., 2024): llama with layer norms that have no factors, and projections cut off if asked for.
/// </summary>
internal sealed class OlmoArchitecture : Architecture
{
    /// <summary>The class has one epsilon and no key for it.</summary>
    private const float Epsilon = 1e-5f;

    public override string ModelType => "olmo";

    public override IReadOnlyList<string> ClassNames => ["OlmoForCausalLM"];

    internal override GgufMap Gguf { get; } = new()
    {
        Architecture = "olmo",
        Keys =
        [
            .. GgufMap.LlamaKeys.Where(key => key.ConfigKey != "rms_norm_eps"),
            new GgufKey("attention.clamp_kqv", "clip_qkv", GgufKind.Number).Optional,
        ],
        Names = spec => GgufMap.LlamaNames(spec, turned: true),
        Read = config =>
        {
            if (config.Number("attention.layer_norm_epsilon") is { } epsilon && (float)epsilon != Epsilon)
                throw config.Unsupported("attention.layer_norm_epsilon", epsilon, $"{Epsilon} is needed");
            LlamaFamily.ReadGguf(config);
            if (config.Json["clip_qkv"]?.GetValue<double>() == 0)
                config.Json.Remove("clip_qkv");
        },
        Write = export =>
        {
            export.Require(export.Spec.Decoder!.AgreedAttention() is { InputBias: false }, "attention_bias",
                "readers of olmo files know no biases");
            LlamaFamily.WriteGguf(export);
        },
    };

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        int width = config.Size("hidden_size");
        bool bias = config.Flag(false, "attention_bias");
        (MixerSpec.Attention attention, int context) = LlamaFamily.Attention(config, width);
        attention = attention with { InputBias = bias, OutputBias = bias, Limit = LlamaFamily.Limit(config, "clip_qkv") };
        var norm = new NormSpec(NormKind.Layer, Epsilon, Bias: false) { HasFactors = false };
        var layer = new LayerSpec(Placement.Pre, norm, attention, LlamaFamily.FeedForward(config));
        return LlamaFamily.Model(config, ModelType, width, context, _ => layer, tied: false);
    }

    public override NameTable TensorNames(ModelSpec spec) => LlamaFamily.Names(spec);
}
