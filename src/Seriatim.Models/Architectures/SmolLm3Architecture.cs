namespace Seriatim.Models;

/// <summary>SmolLM3 (Hugging Face, 2025): llama with layers that know no positions (Kazemnejad et al., 2023).</summary>
internal sealed class SmolLm3Architecture : Architecture
{
    /// <summary>Of so many layers readers of GGUF files take the last to know no positions.</summary>
    private const int StillInFiles = 4;

    public override string ModelType => "smollm3";

    public override IReadOnlyList<string> ClassNames => ["SmolLM3ForCausalLM"];

    internal override GgufMap Gguf { get; } = new()
    {
        Architecture = "smollm3",
        Keys = GgufMap.LlamaKeys,
        Names = spec => GgufMap.LlamaNames(spec, turned: true),
        Read = config =>
        {
            LlamaFamily.ReadGguf(config);
            config.Json["no_rope_layer_interval"] = StillInFiles;
            config.Json["attention_bias"] = config.Has("blk.0.attn_q.bias");
            config.Json["mlp_bias"] = config.Has("blk.0.ffn_gate.bias");
        },
        Write = export =>
        {
            export.RequireNoWindow();
            static bool Still(LayerSpec layer) => layer.Mixer is MixerSpec.Attention { Position: PositionSpec.None };
            GgufPattern.Require(export, Still, StillInFiles, "no_rope_layers");
            MixerSpec.Attention[] turning = [.. export.Spec.Decoder!.AttentionLayers().Select(layer => layer.Attention)
                .Where(attention => attention.Position is PositionSpec.Rope)];
            export.Require(turning.Length > 0, "no_rope_layers", "readers need the base of a layer that turns");
            LlamaFamily.WriteGguf(export, turning[0], partial: false);
        },
    };

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        int width = config.Size("hidden_size");
        bool bias = config.Flag(false, "attention_bias");
        (MixerSpec.Attention attention, int context) = LlamaFamily.Attention(config, width,
            rope: keys => keys with { DefaultTheta = 2e6 });
        attention = attention with { InputBias = bias, OutputBias = bias };
        int layers = config.Size("num_hidden_layers");
        Func<int, bool> turns = Turning(config, layers, usualInterval: 4);
        config.Waive("the class does nothing with it", "pretraining_tp");
        config.Waive("layer_types says which layers have a window", "max_window_layers");
        int window = config.SizeOrNull("sliding_window") ?? 0;
        window = config.Flag(false, "use_sliding_window") ? window : 0;
        string[]? kinds = LayerKinds.Read(config, layers, LayerKinds.Full, LayerKinds.Sliding);
        NormSpec norm = LlamaFamily.Norm(config);
        FeedForwardSpec feedForward = LlamaFamily.FeedForward(config, config.Flag(false, "mlp_bias"));
        return LlamaFamily.Model(config, ModelType, width, context, i => new LayerSpec(Placement.Pre, norm, attention with
        {
            Position = turns(i) ? attention.Position : new PositionSpec.None(),

            // Without a list the class gives windows to the layers that do not turn.
            Window = (kinds is null ? !turns(i) : kinds[i] == LayerKinds.Sliding) ? window : 0,
        }, feedForward));
    }

    public override NameTable TensorNames(ModelSpec spec) => LlamaFamily.Names(spec);

    /// <summary>Which layers turn: 1 in the list means that one does, despite its name.</summary>
    internal static Func<int, bool> Turning(ConfigReader config, int layers, int usualInterval)
    {
        int interval = config.SizeOrNull("no_rope_layer_interval") ?? usualInterval;
        if (!config.IsList("no_rope_layers") || config.IsEmptyList("no_rope_layers"))
            return layer => (layer + 1) % interval != 0;
        double[] listed = config.Numbers("no_rope_layers", layers);
        foreach (double flag in listed)
        {
            if (flag is not (0 or 1))
                throw config.Unsupported("no_rope_layers", flag, "0 (does not turn) or 1 (turns) is needed for each layer");
        }

        return layer => listed[layer] == 1;
    }
}
