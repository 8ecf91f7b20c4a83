namespace Seriatim.Models;

/// <summary>Mistral (Jiang et al., 2023): llama with a sliding window.</summary>
internal sealed class MistralArchitecture : Architecture
{
    public override string ModelType => "mistral";

    public override IReadOnlyList<string> ClassNames => ["MistralForCausalLM"];

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
        attention = attention with { Window = config.SizeOrNull("sliding_window") ?? 0 };
        var layer = new LayerSpec(Placement.Pre, LlamaFamily.Norm(config), attention, LlamaFamily.FeedForward(config));
        return LlamaFamily.Model(config, ModelType, width, context, _ => layer);
    }

    public override NameTable TensorNames(ModelSpec spec) => LlamaFamily.Names(spec);
}
