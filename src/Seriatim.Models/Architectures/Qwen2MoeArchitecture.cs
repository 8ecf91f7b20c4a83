namespace Seriatim.Models;

/// <summary>Qwen2 with experts (Yang et al., 2024), beside one that all rows go through and that is weighed by a gate.</summary>
internal sealed class Qwen2MoeArchitecture : Architecture
{
    public override string ModelType => "qwen2_moe";

    public override IReadOnlyList<string> ClassNames => ["Qwen2MoeForCausalLM"];

    internal override GgufMap Gguf { get; } = new()
    {
        Architecture = "qwen2moe",
        Keys =
        [
            .. GgufMap.LlamaKeys,
            new("expert_count", "num_experts"), new("expert_used_count", "num_experts_per_tok"),
            new("expert_feed_forward_length", "moe_intermediate_size"),
            new("expert_shared_feed_forward_length", "shared_expert_intermediate_size"),
        ],
        Names = spec =>
        {
            NameTable names = MixtralArchitecture.AddGgufExperts(GgufMap.LlamaNames(spec, turned: false),
                spec.Decoder!.AgreedFeedForward<FeedForwardSpec.Experts>(), spec.Decoder!.Width);
            foreach (string part in (ReadOnlySpan<string>)["gate", "up", "down"])
                names.Add($"layers.*.mlp.shared.{part}", $"blk.*.ffn_{part}_shexp");
            names.Add("layers.*.mlp.shared_gate", "blk.*.ffn_gate_inp_shexp");
            return names;
        },
        Read = config => LlamaFamily.ReadGguf(config),
        Write = export =>
        {
            export.RequireNoWindow();
            var experts = export.Spec.Decoder!.AgreedFeedForward<FeedForwardSpec.Experts>();
            export.Require(!experts.Router.Renormalise, "norm_topk_prob", "readers of qwen2moe files divide by no sum");
            LlamaFamily.WriteGguf(export);
        },
    };

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        int width = config.Size("hidden_size");
        (MixerSpec.Attention attention, int context) = LlamaFamily.Attention(config, width);
        attention = attention with { InputBias = config.Flag(true, "qkv_bias", "attention_bias") };
        int window = config.SizeOrNull("sliding_window") ?? 0;
        int firstWindowed = config.IdOrNull("max_window_layers") ?? 0;
        window = config.Flag(false, "use_sliding_window") ? window : 0;
        FeedForwardSpec.Gated dense = LlamaFamily.FeedForward(config);
        FeedForwardSpec.Experts experts = Qwen3MoeArchitecture.ReadExperts(config, dense) with
        {
            Shared = dense with { Width = config.Size("shared_expert_intermediate_size") },
            SharedGate = true,
        };
        Func<int, bool> isDense = Qwen3MoeArchitecture.DenseLayers(config);
        NormSpec norm = LlamaFamily.Norm(config);
        return LlamaFamily.Model(config, ModelType, width, context, i => new LayerSpec(Placement.Pre, norm,
            attention with { Window = i >= firstWindowed ? window : 0 }, isDense(i) ? dense : experts), tied: false);
    }

    public override NameTable TensorNames(ModelSpec spec)
    {
        NameTable names = LlamaFamily.WithExperts(LlamaFamily.Names(spec));
        foreach (string part in (ReadOnlySpan<string>)["gate", "up", "down"])
            names.Add($"layers.*.mlp.shared.{part}", $"model.layers.*.mlp.shared_expert.{part}_proj");
        names.Add("layers.*.mlp.shared_gate", "model.layers.*.mlp.shared_expert_gate");
        return names;
    }
}
