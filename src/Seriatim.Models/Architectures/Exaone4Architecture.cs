namespace Seriatim.Models;

/// <summary>
/// EXAONE 4 (LG AI Research, 2025): norms after the parts, normed heads; with a window, three layers of it that turn for each
/// that sees everything and knows no positions.
/// </summary>
internal sealed class Exaone4Architecture : Architecture
{
    private const int UsualPattern = 4;

    /// <summary>Readers of GGUF files take a window in models of so many layers.</summary>
    private const int LayersWithWindow = 64;

    public override string ModelType => "exaone4";

    public override IReadOnlyList<string> ClassNames => ["Exaone4ForCausalLM"];

    internal override GgufMap Gguf { get; } = new()
    {
        Architecture = "exaone4",
        Keys = [.. GgufMap.LlamaKeys, GgufMap.Window],
        Names = spec => GgufMap.SandwichNames(spec).Waive("read with the metadata", "rope_freqs.weight"),
        Read = config =>
        {
            LlamaFamily.ReadGguf(config);
            if (config.Required("block_count") == LayersWithWindow)
                config.CopyWindow(otherwise: 4096);
            else
                config.Waive("readers take no window in models of other sizes", "attention.sliding_window");
            config.Waive("readers take every fourth layer", "attention.sliding_window_pattern");
        },
        Write = export =>
        {
            MixerSpec.Attention[] all = [.. export.Spec.Decoder!.AttentionLayers().Select(layer => layer.Attention)];
            bool windowed = all.Any(own => own.Window > 0);
            export.Require(windowed == (all.Length == LayersWithWindow), "sliding_window",
                $"readers of exaone4 files take a window in models of {LayersWithWindow} layers, and in no others");
            if (windowed)
            {
                GgufPattern.Require(export, layer => layer.Mixer is MixerSpec.Attention { Window: 0 }, UsualPattern,
                    "layer_types");
            }

            LlamaFamily.WriteGguf(export, all[0], partial: false);
        },
    };

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        int width = config.Size("hidden_size"), layers = config.Size("num_hidden_layers");
        (MixerSpec.Attention attention, int context) = LlamaFamily.Attention(config, width);
        NormSpec norm = LlamaFamily.Norm(config) with { Epsilon = (float)config.Number(1e-5, "rms_norm_eps") };
        attention = attention with { HeadNorm = new HeadNormSpec(norm, HeadNormOver.Head) };
        int? window = config.SizeOrNull("sliding_window");
        string[] kinds = Kinds(config, layers, window);
        FeedForwardSpec feedForward = LlamaFamily.FeedForward(config);
        return LlamaFamily.Model(config, ModelType, width, context, i => new LayerSpec(Placement.AfterParts, norm,
            kinds[i] == LayerKinds.Sliding ? attention with { Window = window!.Value }
                : window is null ? attention : attention with { Position = new PositionSpec.None() }, feedForward), tied: false);
    }

    public override NameTable TensorNames(ModelSpec spec) => Olmo2Architecture.Names(spec);

    /// <summary>A number, or letters: L sees a window, G everything.</summary>
    private static string[] Kinds(ConfigReader config, int layers, int? window)
    {
        const string Key = "sliding_window_pattern";
        if (window is null)
        {
            config.Waive("there is no window", Key, $"_{Key}");
            return LayerKinds.Read(config, layers, LayerKinds.Full) ?? [.. Enumerable.Repeat(LayerKinds.Full, layers)];
        }

        if (!config.IsText(Key))
            return LayerKinds.ReadEvery(config, layers, LayerKinds.Sliding, LayerKinds.Full, UsualPattern, Key);
        string letters = config.Text(null, Key);
        if (letters.Length == 0 || letters.Any(letter => letter is not ('L' or 'G')))
            throw config.Unsupported(Key, letters, "letters L and G, or a number, are needed");
        string[] own = [.. Enumerable.Range(0, layers).Select(
            i => letters[i % letters.Length] == 'L' ? LayerKinds.Sliding : LayerKinds.Full)];
        string[] listed = LayerKinds.Read(config, layers, LayerKinds.Sliding, LayerKinds.Full) ?? own;
        int other = Enumerable.Range(0, layers).FirstOrDefault(i => listed[i] != own[i], -1);
        return other < 0
            ? own
            : throw config.Unsupported($"layer_types[{other}]", listed[other],
                $"{Key} {letters} says {own[other]}; they must agree");
    }
}
