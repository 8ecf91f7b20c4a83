namespace Seriatim.Models;

/// <summary>
/// gpt-oss (OpenAI, 2025): every second layer has a window, each head a learned logit without a value, experts are gated layers
/// that are cut off, and the ramp of YaRN does not begin at whole waves.
/// </summary>
internal sealed class GptOssArchitecture : Architecture
{
    private const float UpTerm = 1;

    public override string ModelType => "gpt_oss";

    public override IReadOnlyList<string> ClassNames => ["GptOssForCausalLM"];

    internal override GgufMap Gguf { get; } = new()
    {
        Architecture = "gpt-oss",
        Keys =
        [
            .. GgufMap.LlamaKeys.Where(key => key.Name != "feed_forward_length"), GgufMap.Window,
            new("expert_count", "num_local_experts"), new("expert_used_count", "num_experts_per_tok"),
            new("expert_feed_forward_length", "intermediate_size"),
        ],
        Names = GgufNames,
        Read = config =>
        {
            config.CopyWindow();
            LlamaFamily.ReadGguf(config);
            config.Json.TryAdd("rope_scaling", null); // the file says all
            config.Only("feed_forward_length", config.Required("expert_feed_forward_length"), "the width of experts");
        },
        Write = WriteGguf,
    };

    /// <summary>What the class takes for a config without a key of it.</summary>
    private static RopeScaling Stretched { get; } =
        new RopeScaling.Yarn(32, 4096, 32, 1, RopeScaling.Yarn.DefaultAttentionFactor(32)) { WholeWaves = false };

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        int width = config.Size("hidden_size");
        bool bias = config.Flag(true, "attention_bias");
        (MixerSpec.Attention attention, int context) = LlamaFamily.Attention(config, width, headDim: 64,
            rope: keys => keys with { DefaultTheta = 150000, DefaultScaling = Stretched });
        config.Waive("the length before YaRN, which is read there", "initial_context_length");
        attention = attention with { InputBias = bias, OutputBias = bias, SinkLogits = true };
        int layers = config.Size("num_hidden_layers");
        string[]? kinds = LayerKinds.Read(config, layers, LayerKinds.Sliding, LayerKinds.Full);
        int window = config.SizeOrNull("sliding_window") ?? 128;
        FeedForwardSpec experts = Experts(config);
        NormSpec norm = LlamaFamily.Norm(config) with { Epsilon = (float)config.Number(1e-5, "rms_norm_eps") };
        return LlamaFamily.Model(config, ModelType, width, context, i => new LayerSpec(Placement.Pre, norm, attention with
        {
            Window = (kinds is null ? i % 2 == 0 : kinds[i] == LayerKinds.Sliding) ? window : 0,
        }, experts), tied: false);
    }

    public override NameTable TensorNames(ModelSpec spec)
    {
        NameTable names = LlamaFamily.Names(spec);
        (int count, int inner) = Sizes(spec);
        const string Experts = "model.layers.*.mlp.experts.";
        names.Add("layers.*.attention.sinks", "model.layers.*.self_attn.sinks");
        names.Add("layers.*.mlp.router", "model.layers.*.mlp.router");
        foreach ((string part, int first) in (ReadOnlySpan<(string, int)>)[("gate", 0), ("up", 1)])
        {
            // Gate and up alternate.
            var rows = new RowPattern(first, 1, 2, 2 * inner);
            names.Add($"layers.*.mlp.experts.*.{part}.weight", new TensorPlace(
                $"{Experts}gate_up_proj", Transposed: true, rows, Slices: count, SliceRows: 2 * inner));
            names.Add($"layers.*.mlp.experts.*.{part}.bias", new TensorPlace(
                $"{Experts}gate_up_proj_bias", Rows: rows, Slices: count, SliceRows: 2 * inner));
        }

        int width = spec.Decoder!.Width;
        names.Add("layers.*.mlp.experts.*.down.weight", new TensorPlace(
            $"{Experts}down_proj", Transposed: true, Slices: count, SliceRows: width));
        names.Add("layers.*.mlp.experts.*.down.bias", new TensorPlace(
            $"{Experts}down_proj_bias", Slices: count, SliceRows: width));
        return names;
    }

    private static FeedForwardSpec.Experts Experts(ConfigReader config)
    {
        int count = config.Size("num_local_experts", "num_experts");
        int perToken = config.Size("num_experts_per_tok", "experts_per_token");
        if (perToken > count)
            throw config.Unsupported("num_experts_per_tok", perToken, $"at most num_local_experts {count} is needed");
        config.Only("hidden_act", "silu");
        config.TrainingOnly("router_aux_loss_coef");
        var expert = new FeedForwardSpec.Gated(config.Size("intermediate_size"), Activation.GeluQuick, Bias: true)
        {
            Limit = (float)config.Number(7, "swiglu_limit"),
            UpTerm = UpTerm,
        };
        return new FeedForwardSpec.Experts(count, new RouterSpec(perToken, Renormalise: true) { Bias = true }, expert);
    }

    private static (int Count, int Inner) Sizes(ModelSpec spec)
    {
        var experts = spec.Decoder!.AgreedFeedForward<FeedForwardSpec.Experts>();
        return (experts.Count, experts.Expert.Width);
    }

    private static NameTable GgufNames(ModelSpec spec)
    {
        NameTable names = MixtralArchitecture.AddGgufExperts(GgufMap.LlamaNames(spec, turned: false),
            spec.Decoder!.AgreedFeedForward<FeedForwardSpec.Experts>(), spec.Decoder!.Width);
        names.Replace("layers.*.norm2", new TensorPlace("blk.*.post_attention_norm"));
        names.Add("layers.*.attention.sinks", "blk.*.attn_sinks.weight");
        return names;
    }

    private static void WriteGguf(GgufExport export)
    {
        export.Require(export.Spec.Decoder!.Layers.All(layer => layer.Mixer is MixerSpec.Attention { InputBias: true }),
            "attention_bias", "readers of gpt-oss files need the biases of attention");
        export.SetDefault("expert_feed_forward_length", (uint)Sizes(export.Spec).Inner);
        export.SetDefault("feed_forward_length", (uint)Sizes(export.Spec).Inner);
        GgufPattern.Require(export, layer => layer.Mixer is MixerSpec.Attention { Window: 0 }, 2, "layer_types");
        export.SetDefault("attention.sliding_window", (uint)export.Spec.Decoder.Layers.Max(
            layer => ((MixerSpec.Attention)layer.Mixer).Window));
        LlamaFamily.WriteGguf(export, export.Spec.Decoder.AgreedAttention(), partial: false);
    }
}
