namespace Seriatim.Models;

/// <summary>
/// Falcon-H1 (Zuo et al., 2025): attention and Mamba-2 side by side in every layer, with factors everywhere, which
/// GGUF files have folded into the weights.
/// </summary>
internal sealed class FalconH1Architecture : Architecture
{
    public override string ModelType => "falcon_h1";

    public override IReadOnlyList<string> ClassNames => ["FalconH1ForCausalLM"];

    internal override GgufMap Gguf { get; } = new()
    {
        Architecture = "falcon-h1",
        Keys =
        [
            .. GgufMap.LlamaKeys, new("ssm.conv_kernel", "mamba_d_conv"), new("ssm.inner_size", "mamba_d_ssm"),
            new("ssm.state_size", "mamba_d_state"), new("ssm.time_step_rank", "mamba_n_heads"),
            new("ssm.group_count", "mamba_n_groups"),
        ],
        Names = GgufNames,
        Read = ReadGguf,
        Write = WriteGguf,
    };

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        int width = config.Size("hidden_size");
        config.Only("mamba_use_mlp", true);
        config.Waive("intermediate_size says it", "mlp_expansion_factor");
        config.Waive("mamba_d_ssm and the heads say it", "mamba_expand");
        config.Waive("the forms of the recurrence are one here", "mamba_chunk_size");
        config.Waive("which rows get logits, their reader decides", "num_logits_to_keep");
        bool bias = config.Flag(false, "attention_bias");
        (MixerSpec.Attention attention, int context) = LlamaFamily.Attention(config, width);
        attention = attention with
        {
            InputBias = bias,
            OutputBias = bias,

            // A factor of the keys is one of the scores.
            Scale = (float)(attention.Scale * config.Number(1, "key_multiplier")),
        };
        double[] mlp = config.IsList("mlp_multipliers") ? config.Numbers("mlp_multipliers", 2) : [1, 1];
        NormSpec norm = LlamaFamily.Norm(config) with { Epsilon = (float)config.Number(1e-5, "rms_norm_eps") };
        FeedForwardSpec feedForward = LlamaFamily.FeedForward(config, config.Flag(false, "mlp_bias")) with
        {
            GateScale = (float)mlp[0],
            OutputScale = (float)mlp[1],
        };
        var mixer = new MixerSpec.Both(attention, ReadMamba(config, width, norm.Epsilon))
        {
            Inputs = (Factor(config, "attention_in_multiplier"), Factor(config, "ssm_in_multiplier")),
            Outputs = (Factor(config, "attention_out_multiplier"), Factor(config, "ssm_out_multiplier")),
        };
        var layer = new LayerSpec(Placement.Pre, norm, mixer, feedForward);
        ModelSpec spec = LlamaFamily.Model(config, ModelType, width, context, _ => layer, tied: false);
        return spec with
        {
            Decoder = spec.Decoder! with { EmbeddingScale = Factor(config, "embedding_multiplier") },
            Head = spec.Head with { Scale = Factor(config, "lm_head_multiplier") },
        };
    }

    public override NameTable TensorNames(ModelSpec spec)
    {
        NameTable names = LlamaFamily.NamesWithoutNorms(spec).Renamed(name =>
            name.Replace(".mlp.", ".feed_forward.", StringComparison.Ordinal)
                .Replace("model.norm", "model.final_layernorm", StringComparison.Ordinal));
        names.Add("layers.*.norm1", "model.layers.*.input_layernorm");
        names.Add("layers.*.norm2", "model.layers.*.pre_ff_layernorm");
        Mamba2Architecture.AddNames(names, MixerOf(spec).Mamba, "model.layers.*.mamba.");
        return names;
    }

    private static float Factor(ConfigReader config, string key) => (float)config.Number(1, key);

    private static MixerSpec.Mamba2 ReadMamba(ConfigReader config, int width, float epsilon)
    {
        int heads = config.Size("mamba_n_heads"), groups = config.SizeOrNull("mamba_n_groups") ?? 1;
        int inner = config.SizeOrNull("mamba_d_ssm")
            ?? config.Product("mamba_expand", config.Size("mamba_expand"), width, "hidden_size");
        int headDim = MambaFamily.HeadDim(config, inner, heads);
        (float lowest, float highest) = MambaFamily.Limits(config);
        if ((long)heads * headDim != inner)
        {
            throw config.Unsupported("mamba_n_heads", heads,
                $"mamba_n_heads {heads} x mamba_d_head {headDim} must be mamba_d_ssm {inner}");
        }
        if (heads % groups != 0)
            throw config.Unsupported("mamba_n_groups", groups, $"a divisor of mamba_n_heads {heads} is needed");
        double[] scales = config.IsList("ssm_multipliers") ? config.Numbers("ssm_multipliers", 5) : [1, 1, 1, 1, 1];
        var mixer = new MixerSpec.Mamba2(heads, headDim, groups, config.SizeOrNull("mamba_d_state") ?? 256,
            MambaFamily.Kernel(config, "mamba_d_conv"), epsilon)
        {
            Activation = CommonKeys.ReadActivation(config, "silu", "hidden_act"),
            ConvolutionBias = config.Flag(true, "mamba_conv_bias"),
            Bias = config.Flag(false, "mamba_proj_bias"),
            OutputBias = config.Flag(false, "projectors_bias"),
            LowestStep = lowest,
            HighestStep = highest,
            NormChannels = config.Flag(false, "mamba_rms_norm") ? inner / groups : 0,
            NormsBeforeGate = config.Flag(true, "mamba_norm_before_gate"),
            Scales = ((float)scales[0], (float)scales[1], (float)scales[2], (float)scales[3], (float)scales[4]),
            Steps = MambaFamily.Steps(config),
        };
        MambaFamily.RequireState(config, ("mamba_d_state", mixer.States), ("mamba_d_conv", mixer.Kernel), inner);
        config.Product("mamba_d_conv", mixer.Kernel, config.Product("mamba_n_groups", groups, mixer.States, "mamba_d_state"),
            "mamba_n_groups x mamba_d_state");

        // The order of nothing is no difference.
        return mixer.NormChannels == 0 ? mixer with { NormsBeforeGate = false } : mixer;
    }

    private static (MixerSpec.Attention Attention, MixerSpec.Mamba2 Mamba) MixerOf(ModelSpec spec)
    {
        var both = (MixerSpec.Both)spec.Decoder!.Agreed("mixer", layer => layer.Mixer.Computed);
        return ((MixerSpec.Attention)both.First, (MixerSpec.Mamba2)both.Second);
    }

    private static NameTable GgufNames(ModelSpec spec)
    {
        NameTable names = GgufMap.CommonNames(spec);
        names.Add("layers.*.attention.q", "blk.*.attn_q");
        names.Add("layers.*.attention.k", "blk.*.attn_k");
        names.Add("layers.*.attention.v", "blk.*.attn_v");
        names.Add("layers.*.mlp.gate", "blk.*.ffn_gate");

        // The one norm whose name has no ending.
        names.Add("layers.*.norm2.weight", new TensorPlace("blk.*.ffn_norm"));
        Mamba2Architecture.AddGgufNames(names, MixerOf(spec).Mamba);
        return names;
    }

    private static void ReadGguf(GgufConfig config)
    {
        LlamaFamily.ReadGguf(config);
        int inner = config.Required("ssm.inner_size"), heads = Math.Max(1, config.Required("ssm.time_step_rank"));
        if (inner % heads != 0)
            throw config.Unsupported("ssm.inner_size", inner, $"a multiple of ssm.time_step_rank {heads} is needed");
        config.Json["mamba_d_head"] = inner / heads;
        config.Json["mamba_rms_norm"] = config.Has("blk.0.ssm_norm.weight");
        config.Json["mamba_norm_before_gate"] = false;
        config.Json["mamba_conv_bias"] = config.Has("blk.0.ssm_conv1d.bias");
        config.Json["attention_bias"] = config.Has("blk.0.attn_q.bias");
        config.Json["mlp_bias"] = config.Has("blk.0.ffn_gate.bias");
    }

    private static void WriteGguf(GgufExport export)
    {
        (MixerSpec.Attention attention, MixerSpec.Mamba2 mamba) = MixerOf(export.Spec);
        StackSpec stack = export.Spec.Decoder!;
        var both = (MixerSpec.Both)stack.Layers[0].Mixer;
        FeedForwardSpec.Gated gated = stack.AgreedFeedForward<FeedForwardSpec.Gated>();
        const string Folded = "files have the factors folded into the weights, which would be another model";
        export.Require(stack.EmbeddingScale == 1, "embedding_multiplier", Folded);
        export.Require(export.Spec.Head.Scale == 1, "lm_head_multiplier", Folded);
        export.Require(attention.Scale == (float)(1 / Math.Sqrt(attention.HeadDim)), "key_multiplier", Folded);
        export.Require(both.Inputs == (1, 1), "attention_in_multiplier", Folded);
        export.Require(both.Outputs == (1, 1), "attention_out_multiplier", Folded);
        export.Require(mamba.Scales == (1, 1, 1, 1, 1), "ssm_multipliers", Folded);
        export.Require(gated is { GateScale: 1, OutputScale: 1 }, "mlp_multipliers", Folded);
        export.Require(mamba.NormChannels == 0 || !mamba.NormsBeforeGate, "mamba_norm_before_gate",
            "readers gate before the norm");
        Mamba2Architecture.WriteGguf(export, mamba);
        LlamaFamily.WriteGguf(export, attention, partial: false);
    }
}
