namespace Seriatim.Models;

/// <summary>
/// Qwen3.5 with experts (Qwen team, 2026), the text model: its layers with experts in place of the dense ones, beside one that is
/// gated.
/// </summary>
internal sealed class Qwen35MoeArchitecture : Architecture
{
    public override string ModelType => "qwen3_5_moe_text";

    public override IReadOnlyList<string> ClassNames => ["Qwen3_5MoeForCausalLM"];

    internal override string NestedDefaults => """
        {"vocab_size": 248320, "hidden_size": 2048, "num_hidden_layers": 40, "num_attention_heads": 16, "num_key_value_heads": 2,
        "max_position_embeddings": 32768, "rms_norm_eps": 1e-6, "head_dim": 256, "linear_conv_kernel_dim": 4,
        "linear_key_head_dim": 128, "linear_value_head_dim": 128, "linear_num_key_heads": 16, "linear_num_value_heads": 32,
        "hidden_act": "silu", "moe_intermediate_size": 512, "shared_expert_intermediate_size": 512, "num_experts_per_tok": 8,
        "num_experts": 256}
        """;

    internal override GgufMap Gguf { get; } = new()
    {
        Architecture = "qwen35moe",
        Keys =
        [
            .. QwenDeltaFamily.GgufKeys.Where(key => key.Name != "feed_forward_length"), .. Qwen2MoeArchitecture.ExpertKeys,
        ],
        Names = spec =>
        {
            NameTable names = Qwen35Architecture.GgufDelta(spec);
            Qwen2MoeArchitecture.AddGgufShared(names, spec.Decoder!.Width);
            return MixtralArchitecture.AddGgufExperts(names, spec.Decoder!.AgreedFeedForward<FeedForwardSpec.Experts>(),
                spec.Decoder!.Width);
        },
        Read = config =>
        {
            Qwen35Architecture.ReadGguf(config);
            config.Waive("no layer is dense", "feed_forward_length");
            config.Waive("readers divide by the sum of the chosen always", "expert_weights_norm");
        },
        Write = export =>
        {
            export.Require(export.Spec.Decoder!.AgreedFeedForward<FeedForwardSpec.Experts>().Router.Renormalise, "norm_topk_prob",
                "readers of qwen35moe files divide by the sum of the chosen");
            Qwen35Architecture.WriteGguf(export);
        },
    };

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        Qwen35Architecture.WaiveSections(config);
        config.Waive("no layer is dense", "intermediate_size");
        config.WaiveAt("every layer has experts", "1", "decoder_sparse_step");
        Activation activation = CommonKeys.ReadActivation(config, "silu", "hidden_act");
        var shared = new FeedForwardSpec.Gated(config.Size("shared_expert_intermediate_size"), activation, Bias: false);
        FeedForwardSpec.Experts experts = Qwen3MoeArchitecture.ReadExperts(config, shared, renormalise: true) with
        {
            Shared = shared,
            SharedGate = true,
        };
        return QwenDeltaFamily.ReadSpec(config, ModelType, _ => experts, tied: false);
    }

    public override NameTable TensorNames(ModelSpec spec) => Qwen2MoeArchitecture.WithShared(
        LlamaFamily.WithExperts(Qwen35Architecture.WithDelta(QwenDeltaFamily.TensorNames(spec), spec)));
}
