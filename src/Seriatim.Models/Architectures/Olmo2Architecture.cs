namespace Seriatim.Models;

/// <summary>
/// OLMo 2 (OLMo Team, 2024): norms after the parts and none before them, queries and keys normed over all heads together.
/// </summary>
internal sealed class Olmo2Architecture : Architecture
{
    public override string ModelType => "olmo2";

    public override IReadOnlyList<string> ClassNames => ["Olmo2ForCausalLM"];

    internal override GgufMap Gguf { get; } = new()
    {
        Architecture = "olmo2",
        Keys = GgufMap.LlamaKeys,
        Applies = config => config.Size("attention.sliding_window") is null or 0,
        Names = spec => GgufMap.SandwichNames(spec),
        Read = config => LlamaFamily.ReadGguf(config),
        Write = LlamaFamily.WriteGguf,
    };

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        int width = config.Size("hidden_size");
        (MixerSpec.Attention attention, NormSpec norm, int context) = Attention(config, width);
        var layer = new LayerSpec(Placement.AfterParts, norm, attention, LlamaFamily.FeedForward(config));
        return LlamaFamily.Model(config, ModelType, width, context, _ => layer, tied: false);
    }

    public override NameTable TensorNames(ModelSpec spec) => Names(spec);

    internal static (MixerSpec.Attention Attention, NormSpec Norm, int Context) Attention(
        ConfigReader config, int width, Func<RopeKeys, RopeKeys>? rope = null, double usualEpsilon = 1e-6)
    {
        bool bias = config.Flag(false, "attention_bias");
        (MixerSpec.Attention attention, int context) = LlamaFamily.Attention(config, width, rope: rope);
        NormSpec norm = LlamaFamily.Norm(config) with { Epsilon = (float)config.Number(usualEpsilon, "rms_norm_eps") };
        return (attention with
        {
            InputBias = bias,
            OutputBias = bias,
            HeadNorm = new HeadNormSpec(norm, HeadNormOver.Width),
        }, norm, context);
    }

    internal static NameTable Names(ModelSpec spec)
    {
        NameTable names = LlamaFamily.NamesWithoutNorms(spec);
        names.Add("layers.*.norm1", "model.layers.*.post_attention_layernorm");
        names.Add("layers.*.norm2", "model.layers.*.post_feedforward_layernorm");
        return names;
    }
}
