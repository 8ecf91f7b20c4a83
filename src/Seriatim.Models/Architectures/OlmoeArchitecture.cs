namespace Seriatim.Models;

/// <summary>OLMoE (Muennighoff et al., 2024): queries and keys normed over all heads together, experts in every layer.</summary>
internal sealed class OlmoeArchitecture : Architecture
{
    public override string ModelType => "olmoe";

    public override IReadOnlyList<string> ClassNames => ["OlmoeForCausalLM"];

    internal override GgufMap Gguf { get; } = new()
    {
        Architecture = "olmoe",
        Keys = [.. GgufMap.LlamaKeys, new("expert_count", "num_experts"), new("expert_used_count", "num_experts_per_tok")],
        Names = spec => MixtralArchitecture.AddGgufExperts(GgufMap.LlamaNames(spec, turned: false),
            spec.Decoder!.AgreedFeedForward<FeedForwardSpec.Experts>(), spec.Decoder!.Width),
        Read = config => LlamaFamily.ReadGguf(config),
        Write = export =>
        {
            FeedForwardSpec.Experts experts = export.Spec.Decoder!.AgreedFeedForward<FeedForwardSpec.Experts>();
            export.Require(!experts.Router.Renormalise, "norm_topk_prob",
                "readers of olmoe files never divide by the sum of the chosen");
            export.Require(export.Spec.Decoder!.AgreedAttention() is { InputBias: false }, "attention_bias",
                "readers of olmoe files know no biases");
            LlamaFamily.WriteGguf(export);
        },
    };

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        int width = config.Size("hidden_size");
        config.WaiveAt("nothing is cut off", "0", "clip_qkv");
        (MixerSpec.Attention attention, NormSpec norm, int context) =
            Olmo2Architecture.Attention(config, width, usualEpsilon: 1e-5);
        int count = config.SizeOrNull("num_experts", "num_local_experts") ?? 64;
        int perToken = config.SizeOrNull("num_experts_per_tok") ?? 8;
        if (perToken > count)
            throw config.Unsupported("num_experts_per_tok", perToken, $"at most num_experts {count} is needed");
        config.TrainingOnly("router_aux_loss_coef");
        var experts = new FeedForwardSpec.Experts(count, perToken, config.Flag(false, "norm_topk_prob"),
            LlamaFamily.FeedForward(config));
        return LlamaFamily.Model(config, ModelType, width, context, _ => new LayerSpec(Placement.Pre, norm, attention, experts),
            tied: false);
    }

    public override NameTable TensorNames(ModelSpec spec) => LlamaFamily.WithExperts(LlamaFamily.Names(spec));
}
