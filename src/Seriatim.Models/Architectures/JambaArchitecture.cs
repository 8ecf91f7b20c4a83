namespace Seriatim.Models;

/// <summary>
/// Jamba (Lieber et al., 2024): Mamba layers with attention every few layers and a mixture of experts every few. Attention knows
/// no positions, the norms of the scan's operands have factors, the weights of experts are not renormalised.
/// </summary>
internal sealed class JambaArchitecture : Architecture
{
    public override string ModelType => "jamba";

    public override IReadOnlyList<string> ClassNames => ["JambaForCausalLM"];

    internal override GgufMap Gguf { get; } = new()
    {
        Architecture = "jamba",
        Keys =
        [
            new("context_length", "max_position_embeddings"), new("embedding_length", "hidden_size"),
            new("block_count", "num_hidden_layers"), new("feed_forward_length", "intermediate_size"),
            new("attention.head_count", "num_attention_heads"),
            new("attention.layer_norm_rms_epsilon", "rms_norm_eps", GgufKind.Number),
            new GgufKey("expert_count", "num_experts").Optional, new GgufKey("expert_used_count", "num_experts_per_tok").Optional,
            new GgufKey("vocab_size", "vocab_size").Optional,
        ],
        Names = GgufNames,
        Read = ReadGguf,
        Write = WriteGguf,
    };

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        int width = config.Size("hidden_size");
        MixerSpec.Attention attention = ReadAttention(config, width);
        NormSpec norm = LlamaFamily.Norm(config);
        MixerSpec.Mamba mamba = ReadMamba(config, width, norm);
        FeedForwardSpec.Gated gated = LlamaFamily.FeedForward(config);
        FeedForwardSpec.Experts? experts = ReadExperts(config, gated);
        Func<int, bool> hasAttention = Every(config, "attn_layer", 8, 4), hasExperts = Every(config, "expert_layer", 2, 1);
        config.TrainingOnly("router_aux_loss_coef");
        config.Waive("which of two kernels that say the same", "use_mamba_kernels");
        config.Waive("which rows get logits, their reader decides", "num_logits_to_keep", "calc_logits_for_entire_prompt");
        return LlamaFamily.Model(config, ModelType, width, config.SizeOrNull("max_position_embeddings") ?? 262144, i =>
            new LayerSpec(Placement.Pre, norm, hasAttention(i) ? attention : mamba,
                hasExperts(i) && experts is not null ? experts : gated), tied: false);
    }

    public override NameTable TensorNames(ModelSpec spec)
    {
        const string Layer = "model.layers.*.";
        var names = new NameTable
        {
            { "embed", "model.embed_tokens" },
            { "layers.*.norm1", $"{Layer}input_layernorm" },
            { "layers.*.attention.q", $"{Layer}self_attn.q_proj" },
            { "layers.*.attention.k", $"{Layer}self_attn.k_proj" },
            { "layers.*.attention.v", $"{Layer}self_attn.v_proj" },
            { "layers.*.attention.o", $"{Layer}self_attn.o_proj" },
            { "layers.*.mamba.low_norm", $"{Layer}mamba.dt_layernorm" },
            { "layers.*.mamba.b_norm", $"{Layer}mamba.b_layernorm" },
            { "layers.*.mamba.c_norm", $"{Layer}mamba.c_layernorm" },
            { "layers.*.norm2", $"{Layer}pre_ff_layernorm" },
            { "layers.*.mlp.gate", $"{Layer}feed_forward.gate_proj" },
            { "layers.*.mlp.up", $"{Layer}feed_forward.up_proj" },
            { "layers.*.mlp.down", $"{Layer}feed_forward.down_proj" },
            { "layers.*.mlp.router", $"{Layer}feed_forward.router" },
            { "layers.*.mlp.experts.*.gate", $"{Layer}feed_forward.experts.*.gate_proj" },
            { "layers.*.mlp.experts.*.up", $"{Layer}feed_forward.experts.*.up_proj" },
            { "layers.*.mlp.experts.*.down", $"{Layer}feed_forward.experts.*.down_proj" },
            { "norm", "model.final_layernorm" },
            { "head", "lm_head" },
        };
        if (MambaOf(spec) is { } mamba)
            MambaFamily.AddNames(names, mamba, $"{Layer}mamba.");
        return spec.Head.Tied ? names.Waive(NameTable.TiedCopy, "lm_head.weight") : names;
    }

    private static MixerSpec.Attention ReadAttention(ConfigReader config, int width)
    {
        int heads = config.Size("num_attention_heads");
        int keyHeads = config.SizeOrNull("num_key_value_heads") ?? heads;
        if (heads % keyHeads != 0)
            throw config.Unsupported("num_key_value_heads", keyHeads, $"a divisor of num_attention_heads {heads} is needed");
        int headDim = CommonKeys.HeadDim(config, width, heads);
        return new MixerSpec.Attention(heads, keyHeads, headDim, (float)(1 / Math.Sqrt(headDim)));
    }

    private static MixerSpec.Mamba ReadMamba(ConfigReader config, int width, NormSpec norm)
    {
        int inner = config.Product("mamba_expand", config.SizeOrNull("mamba_expand") ?? 2, width, "hidden_size");
        int states = config.SizeOrNull("mamba_d_state") ?? 16, kernel = MambaFamily.Kernel(config, "mamba_d_conv");
        MambaFamily.RequireState(config, ("mamba_d_state", states), ("mamba_d_conv", kernel), inner);
        return new MixerSpec.Mamba(inner, states, kernel, MambaFamily.Rank(config, "mamba_dt_rank", width))
        {
            Activation = CommonKeys.ReadActivation(config, "silu", "hidden_act"),
            Bias = config.Flag(false, "mamba_proj_bias"),
            ConvolutionBias = config.Flag(true, "mamba_conv_bias"),
            NormEpsilon = norm.Epsilon,
            NormFactors = true,
        };
    }

    /// <summary>The mixture; null if there is but one expert, which is then a feed-forward layer like the others.</summary>
    private static FeedForwardSpec.Experts? ReadExperts(ConfigReader config, FeedForwardSpec.Gated expert)
    {
        int count = config.SizeOrNull("num_experts") ?? 16;
        int perToken = config.SizeOrNull("num_experts_per_tok") ?? 2;
        if (count == 1)
            return null;
        return perToken <= count
            ? new FeedForwardSpec.Experts(count, perToken, renormalise: false, expert)
            : throw config.Unsupported("num_experts_per_tok", perToken, $"at most num_experts {count} is needed");
    }

    /// <summary>Layers whose number leaves the offset when divided by the period.</summary>
    private static Func<int, bool> Every(ConfigReader config, string name, int usualPeriod, int usualOffset)
    {
        int period = config.SizeOrNull($"{name}_period") ?? usualPeriod;
        int offset = config.IdOrNull($"{name}_offset") ?? usualOffset;
        return offset < period
            ? layer => layer % period == offset
            : throw config.Unsupported($"{name}_offset", offset, $"less than {name}_period {period} is needed");
    }

    private static MixerSpec.Mamba? MambaOf(ModelSpec spec) =>
        spec.Decoder!.Layers.Select(layer => layer.Mixer).OfType<MixerSpec.Mamba>().FirstOrDefault();

    private static FeedForwardSpec.Experts? ExpertsOf(ModelSpec spec) =>
        spec.Decoder!.Layers.Select(layer => layer.FeedForward).OfType<FeedForwardSpec.Experts>().FirstOrDefault();

    private static NameTable GgufNames(ModelSpec spec)
    {
        NameTable names = GgufMap.LlamaNames(spec, turned: false);
        names.Add("layers.*.mamba.low_norm", "blk.*.ssm_dt_norm");
        names.Add("layers.*.mamba.b_norm", "blk.*.ssm_b_norm");
        names.Add("layers.*.mamba.c_norm", "blk.*.ssm_c_norm");
        if (MambaOf(spec) is { } mamba)
            MambaFamily.AddGgufNames(names, mamba);
        if (ExpertsOf(spec) is { } experts)
            MixtralArchitecture.AddGgufExperts(names, experts, spec.Decoder!.Width);
        return names;
    }

    private static void ReadGguf(GgufConfig config)
    {
        MambaFamily.ReadGguf(config, (null, "mamba_d_state", "mamba_d_conv", "mamba_dt_rank"));
        (int inner, int width) = (config.Required("ssm.inner_size"), Math.Max(config.Required("embedding_length"), 1));
        if (inner % width != 0)
            throw config.Unsupported("ssm.inner_size", inner, $"a multiple of the width {width} is needed");
        config.Json["mamba_expand"] = inner / width;
        int[] keyHeads = config.Sizes("attention.head_count_kv", config.Required("block_count"));
        config.Json["num_key_value_heads"] = keyHeads.Where(heads => heads > 0).DefaultIfEmpty(1).First();
        if (keyHeads.Where(heads => heads > 0).Distinct().Count() > 1)
            throw config.Unsupported("attention.head_count_kv", keyHeads, "one number in all layers with attention is needed");
        SetEvery(config, "attn_layer", "attention.head_count_kv", [.. keyHeads.Select(heads => heads > 0)]);
        SetEvery(config, "expert_layer", "expert_count",
            [.. Enumerable.Range(0, keyHeads.Length).Select(layer => config.Has($"blk.{layer}.ffn_gate_inp.weight"))]);
    }

    /// <summary>The period and offset of the layers that have something.</summary>
    private static void SetEvery(GgufConfig config, string name, string key, bool[] has)
    {
        int first = Array.IndexOf(has, true);
        int second = first < 0 ? -1 : Array.IndexOf(has, true, first + 1);
        int period = second > 0 ? second - first : Math.Max(has.Length, 1) + 1;
        int offset = first >= 0 ? first : period - 1;
        if (Enumerable.Range(0, has.Length).Any(layer => has[layer] != (layer % period == offset)))
        {
            throw config.Unsupported(key, string.Join(" ", has.Select(flag => flag ? 1 : 0)),
                $"the same number of layers, {period}, from each such layer to the next is needed");
        }

        (config.Json[$"{name}_period"], config.Json[$"{name}_offset"]) = (period, offset);
    }

    private static void WriteGguf(GgufExport export)
    {
        IReadOnlyList<LayerSpec> layers = export.Spec.Decoder!.Layers;
        export.RequireActivation(Activation.Silu);
        export.Require(MambaOf(export.Spec) is not null, "attn_layer_period", "readers need at least one Mamba layer");
        MambaFamily.WriteGguf(export, MambaOf(export.Spec)!);
        export.Set("attention.head_count_kv",
            layers.Select(layer => layer.Mixer is MixerSpec.Attention attention ? (uint)attention.KeyValueHeads : 0u).ToArray());
        FeedForwardSpec.Experts? experts = ExpertsOf(export.Spec);
        export.Set("expert_count", (uint)(experts?.Count ?? 1));
        export.Set("expert_used_count", (uint)(experts?.PerToken ?? 1));
    }
}
