namespace Seriatim.Models;

/// <summary>Granite 3 with experts (Granite Team, 2024), alone or beside a layer that all rows go through.</summary>
internal sealed class GraniteMoeArchitecture : Architecture
{
    public override string ModelType => "granitemoe";

    public override IReadOnlyList<string> ClassNames => ["GraniteMoeForCausalLM", "GraniteMoeSharedForCausalLM"];

    internal override GgufMap Gguf { get; } = new()
    {
        Architecture = "granitemoe",
        Keys =
        [
            .. GgufMap.LlamaKeys, .. GraniteArchitecture.Factors,
            new("expert_count", "num_local_experts"), new("expert_used_count", "num_experts_per_tok"),
            new GgufKey("expert_shared_feed_forward_length", "shared_intermediate_size").Optional,
        ],
        Names = spec =>
        {
            var experts = spec.Decoder!.AgreedFeedForward<FeedForwardSpec.Experts>();
            NameTable names = MixtralArchitecture.AddGgufExperts(
                GgufMap.LlamaNames(spec, turned: true), experts, spec.Decoder!.Width);
            if (experts.Shared is not null)
            {
                foreach (string part in (ReadOnlySpan<string>)["gate", "up", "down"])
                    names.Add($"layers.*.mlp.shared.{part}", $"blk.*.ffn_{part}_shexp");
            }

            return names;
        },
        Read = config =>
        {
            LlamaFamily.ReadGguf(config);
            GraniteArchitecture.ReadFactors(config);
            config.Json["attention_bias"] = config.Has("blk.0.attn_q.bias");
        },
        Write = export =>
        {
            GraniteArchitecture.WriteFactors(export);
            LlamaFamily.WriteGguf(export);
        },
    };

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        int width = config.Size("hidden_size");
        (MixerSpec.Attention attention, int context) = GraniteArchitecture.Attention(config, width);
        FeedForwardSpec.Gated expert = LlamaFamily.FeedForward(config);
        int count = config.SizeOrNull("num_local_experts") ?? 8, perToken = config.SizeOrNull("num_experts_per_tok") ?? 2;
        if (perToken > count)
            throw config.Unsupported("num_experts_per_tok", perToken, $"at most num_local_experts {count} is needed");
        config.TrainingOnly("router_aux_loss_coef");
        int shared = config.IdOrNull("shared_intermediate_size") ?? 0;

        // The softmax over the chosen logits is that over all, divided by the sum of the chosen.
        var experts = new FeedForwardSpec.Experts(count, perToken, renormalise: true, expert)
        {
            Shared = shared > 0 ? expert with { Width = shared } : null,
        };
        var layer = new LayerSpec(Placement.Pre, LlamaFamily.Norm(config), attention, experts)
        {
            ResidualScale = (float)config.Number(1, "residual_multiplier"),
        };
        return GraniteArchitecture.WithFactors(
            config, LlamaFamily.Model(config, ModelType, width, context, _ => layer, tied: false));
    }

    public override NameTable TensorNames(ModelSpec spec) => GraniteMoeHybridArchitecture.AddExperts(LlamaFamily.Names(spec),
        spec.Decoder!.AgreedFeedForward<FeedForwardSpec.Experts>(), spec.Decoder!.Width);
}
