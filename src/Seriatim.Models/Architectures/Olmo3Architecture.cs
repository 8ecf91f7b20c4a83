using System.Text.Json.Nodes;

namespace Seriatim.Models;

/// <summary>
/// OLMo 3 (OLMo Team, 2025): OLMo 2 with three layers of a window for each that sees everything, which alone is stretched.
/// </summary>
internal sealed class Olmo3Architecture : Architecture
{
    private const int UsualPattern = 4;

    public override string ModelType => "olmo3";

    public override IReadOnlyList<string> ClassNames => ["Olmo3ForCausalLM"];

    internal override GgufMap Gguf { get; } = new()
    {
        Architecture = "olmo2",
        Keys = [.. GgufMap.LlamaKeys, GgufMap.Window],
        Applies = config => config.Size("attention.sliding_window") > 0,
        Names = spec => GgufMap.SandwichNames(spec),
        Read = config =>
        {
            config.CopyWindow();
            LlamaFamily.ReadGguf(config);
            if (config.Header.Metadata.ContainsKey("olmo2.attention.sliding_window_pattern"))
            {
                bool[] sliding = config.Flags("attention.sliding_window_pattern", config.Required("block_count"));
                config.Json["layer_types"] = new JsonArray([.. sliding.Select(
                    own => (JsonNode)(own ? LayerKinds.Sliding : LayerKinds.Full))]);
            }
        },
        Write = export =>
        {
            MixerSpec.Attention[] all = [.. export.Spec.Decoder!.AttentionLayers().Select(layer => layer.Attention)];
            GgufPattern.Require(export, layer => layer.Mixer is MixerSpec.Attention { Window: 0 }, UsualPattern, "layer_types");
            export.SetDefault("attention.sliding_window", (uint)all.Max(own => own.Window));
            LlamaFamily.WriteGguf(export, Array.Find(all, own => own.Window == 0) ?? all[0], partial: false);
        },
    };

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        int width = config.Size("hidden_size");
        bool byKind = RopeConfig.IsByKind(config);
        (MixerSpec.Attention full, NormSpec norm, int context) = Olmo2Architecture.Attention(config, width,
            keys => keys with { Kind = byKind ? LayerKinds.Full : null });
        string[] kinds = LayerKinds.ReadEvery(config, config.Size("num_hidden_layers"), LayerKinds.Sliding, LayerKinds.Full,
            UsualPattern, "sliding_window_pattern");
        MixerSpec.Attention sliding = full with
        {
            Window = config.SizeOrNull("sliding_window") ?? 4096,
            Position = byKind
                ? RopeConfig.Read(config, LlamaFamily.Keys(config, full.HeadDim) with { Kind = LayerKinds.Sliding }).Rope
                : (PositionSpec.Rope)full.Position with { Scaling = null },
        };
        FeedForwardSpec feedForward = LlamaFamily.FeedForward(config);
        return LlamaFamily.Model(config, ModelType, width, context, i => new LayerSpec(
            Placement.AfterParts, norm, kinds[i] == LayerKinds.Full ? full : sliding, feedForward), tied: false);
    }

    public override NameTable TensorNames(ModelSpec spec) => Olmo2Architecture.Names(spec);
}
