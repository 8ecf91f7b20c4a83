namespace Seriatim.Models;

/// <summary>
/// Command R7B and Command A (Cohere, 2024): three layers with a window that turn, and then one that sees everything and knows no
/// positions.
/// </summary>
internal sealed class Cohere2Architecture : Architecture
{
    private const int UsualPattern = 4;

    public override string ModelType => "cohere2";

    public override IReadOnlyList<string> ClassNames => ["Cohere2ForCausalLM"];

    internal override GgufMap Gguf { get; } = new()
    {
        Architecture = "cohere2",
        Keys =
        [
            .. CohereFamily.Keys, GgufMap.Window,
            new GgufKey("attention.sliding_window_pattern", "sliding_window_pattern").Optional,
        ],
        Names = spec => GgufMap.LlamaNames(spec, turned: false),
        Read = config =>
        {
            config.CopyWindow();
            CohereFamily.ReadGguf(config);
        },
        Write = export =>
        {
            MixerSpec.Attention? turning = export.Spec.Decoder!.AttentionLayers().Select(layer => layer.Attention)
                .FirstOrDefault(attention => attention.Position is PositionSpec.Rope);
            export.Require(turning is not null, "layer_types", "readers need the base of a layer that turns");
            int period = GgufPattern.Period(export.Spec.Decoder!,
                layer => layer.Mixer is MixerSpec.Attention { Position: PositionSpec.None });
            export.Set("attention.sliding_window_pattern", (uint)period);
            CohereFamily.WriteGguf(export, turning!);
        },
    };

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        int width = config.Size("hidden_size");
        (MixerSpec.Attention attention, int context) = CohereFamily.Attention(config, width);
        config.WaiveAt("the order that layer_types, or its pattern, says", "\"local_attn_first\"", "order_of_interleaved_layers");
        string[] kinds = LayerKinds.ReadEvery(config, config.Size("num_hidden_layers"), LayerKinds.Sliding, LayerKinds.Full,
            UsualPattern, "sliding_window_pattern");
        int window = config.SizeOrNull("sliding_window") ?? 4096;
        return CohereFamily.Model(config, ModelType, width, context, i => kinds[i] == LayerKinds.Sliding
            ? attention with { Window = window }
            : attention with { Position = new PositionSpec.None() });
    }

    public override NameTable TensorNames(ModelSpec spec) => CohereFamily.Names(spec);
}
