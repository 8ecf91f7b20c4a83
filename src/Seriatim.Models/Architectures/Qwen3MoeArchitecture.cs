namespace Seriatim.Models;

/// <summary>Qwen3 with experts (Yang et al., 2025), in all layers or in some.</summary>
internal sealed class Qwen3MoeArchitecture : Architecture
{
    public override string ModelType => "qwen3_moe";

    public override IReadOnlyList<string> ClassNames => ["Qwen3MoeForCausalLM"];

    internal override GgufMap Gguf { get; } = new()
    {
        Architecture = "qwen3moe",
        Keys =
        [
            .. GgufMap.LlamaKeys,
            new("expert_count", "num_experts"), new("expert_used_count", "num_experts_per_tok"),
            new("expert_feed_forward_length", "moe_intermediate_size"),
        ],
        Names = spec => MixtralArchitecture.AddGgufExperts(GgufMap.LlamaNames(spec, turned: false),
            spec.Decoder!.AgreedFeedForward<FeedForwardSpec.Experts>(), spec.Decoder!.Width),
        Read = config =>
        {
            LlamaFamily.ReadGguf(config);
            config.Waive("readers divide by the sum of the chosen always", "expert_weights_norm");
            config.Json["norm_topk_prob"] = true;
        },
        Write = export =>
        {
            export.RequireNoWindow();
            LlamaFamily.WriteGguf(export);
        },
    };

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        int width = config.Size("hidden_size");
        (Func<int, MixerSpec.Attention> attention, NormSpec norm, int context) =
            Qwen3Architecture.Attention(config, width, headDim: null, windowed: (_, _) => true);
        FeedForwardSpec.Gated dense = LlamaFamily.FeedForward(config);
        FeedForwardSpec.Experts experts = ReadExperts(config, dense);
        Func<int, bool> isDense = DenseLayers(config);
        return LlamaFamily.Model(config, ModelType, width, context,
            i => new LayerSpec(Placement.Pre, norm, attention(i), isDense(i) ? dense : experts), tied: false);
    }

    public override NameTable TensorNames(ModelSpec spec) => LlamaFamily.WithExperts(LlamaFamily.Names(spec));

    /// <summary>Experts as Qwen's configs have them.</summary>
    /// <param name="config">The config.</param>
    /// <param name="dense">A layer without experts.</param>
    /// <param name="renormalise">Whether the class divides the weights by their sum if the config does not say.</param>
    internal static FeedForwardSpec.Experts ReadExperts(
        ConfigReader config, FeedForwardSpec.Gated dense, bool renormalise = false)
    {
        int count = config.Size("num_experts", "num_local_experts");
        int perToken = config.Size("num_experts_per_tok");
        if (perToken > count)
            throw config.Unsupported("num_experts_per_tok", perToken, $"at most num_experts {count} is needed");
        config.TrainingOnly("router_aux_loss_coef");
        return new FeedForwardSpec.Experts(count, perToken, config.Flag(renormalise, "norm_topk_prob"),
            dense with { Width = config.Size("moe_intermediate_size") });
    }

    /// <summary>Which layers have no experts: those of a list, and all that are not every n-th.</summary>
    internal static Func<int, bool> DenseLayers(ConfigReader config)
    {
        int[] listed = config.Ids("mlp_only_layers");
        int step = config.SizeOrNull("decoder_sparse_step") ?? 1;
        return layer => listed.Contains(layer) || (layer + 1) % step != 0;
    }
}
