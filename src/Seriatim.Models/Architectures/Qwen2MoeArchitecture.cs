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
            .. GgufMap.LlamaKeys, .. ExpertKeys,
        ],
        Names = spec =>
        {
            NameTable names = MixtralArchitecture.AddGgufExperts(GgufMap.LlamaNames(spec, turned: false),
                spec.Decoder!.AgreedFeedForward<FeedForwardSpec.Experts>(), spec.Decoder!.Width);
            AddGgufShared(names, spec.Decoder!.Width);
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

    /// <summary>The keys of experts beside a shared one.</summary>
    internal static IReadOnlyList<GgufKey> ExpertKeys =>
    [
        new("expert_count", "num_experts"), new("expert_used_count", "num_experts_per_tok"),
        new("expert_feed_forward_length", "moe_intermediate_size"),
        new("expert_shared_feed_forward_length", "shared_expert_intermediate_size"),
    ];

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        int width = config.Size("hidden_size");
        (MixerSpec.Attention attention, int context) = LlamaFamily.Attention(config, width);
        attention = attention with { InputBias = config.Flag(true, "qkv_bias", "attention_bias") };
        Func<int, int> windows = Qwen2Architecture.Windows(config, (i, first) => i % 2 == 0 && i < first);
        FeedForwardSpec.Gated dense = LlamaFamily.FeedForward(config);
        FeedForwardSpec.Experts experts = Qwen3MoeArchitecture.ReadExperts(config, dense) with
        {
            Shared = dense with { Width = config.Size("shared_expert_intermediate_size") },
            SharedGate = true,
        };
        Func<int, bool> isDense = Qwen3MoeArchitecture.DenseLayers(config);
        NormSpec norm = LlamaFamily.Norm(config);
        return LlamaFamily.Model(config, ModelType, width, context, i => new LayerSpec(Placement.Pre, norm,
            attention with { Window = windows(i) }, isDense(i) ? dense : experts), tied: false);
    }

    public override NameTable TensorNames(ModelSpec spec) => WithShared(LlamaFamily.WithExperts(LlamaFamily.Names(spec)));

    /// <summary>Adds the shared expert and its gate in GGUF files, where the gate is a vector.</summary>
    internal static void AddGgufShared(NameTable names, int width)
    {
        foreach (string part in (ReadOnlySpan<string>)["gate", "up", "down"])
            names.Add($"layers.*.mlp.shared.{part}", $"blk.*.ffn_{part}_shexp");
        names.Add("layers.*.mlp.shared_gate", new TensorPlace("blk.*.ffn_gate_inp_shexp") { Shape = [width] });
    }

    /// <summary>The same in Hugging Face files.</summary>
    internal static NameTable WithShared(NameTable names)
    {
        foreach (string part in (ReadOnlySpan<string>)["gate", "up", "down"])
            names.Add($"layers.*.mlp.shared.{part}", $"model.layers.*.mlp.shared_expert.{part}_proj");
        names.Add("layers.*.mlp.shared_gate", "model.layers.*.mlp.shared_expert_gate");
        return names;
    }
}
