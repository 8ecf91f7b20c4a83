namespace Seriatim.Models;

/// <summary>
/// GLM-4.5 (GLM Team, 2025): llama of which a part of each head turns, with experts chosen by sigmoids and a bias of the choice,
/// beside one that all rows go through; the first layers are dense.
/// </summary>
internal sealed class Glm4MoeArchitecture : Architecture
{
    private const int Sigmoid = 2;

    public override string ModelType => "glm4_moe";

    public override IReadOnlyList<string> ClassNames => ["Glm4MoeForCausalLM"];

    internal override GgufMap Gguf { get; } = new()
    {
        Architecture = "glm4moe",
        Keys =
        [
            .. GgufMap.LlamaKeys.Where(key => key.Name != "block_count"),
            new("expert_count", "n_routed_experts"), new("expert_used_count", "num_experts_per_tok"),
            new("expert_feed_forward_length", "moe_intermediate_size"),
            new GgufKey("leading_dense_block_count", "first_k_dense_replace").Optional,
            new GgufKey("expert_shared_count", "n_shared_experts").Optional,
            new GgufKey("expert_weights_scale", "routed_scaling_factor", GgufKind.Number).Optional,
            new GgufKey("expert_weights_norm", "norm_topk_prob", GgufKind.Flag).Optional,
            new GgufKey("expert_group_count", "n_group").Optional,
            new GgufKey("expert_group_used_count", "topk_group").Optional,
        ],
        Names = GgufNames,
        Read = ReadGguf,
        Write = WriteGguf,
    };

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        int width = config.Size("hidden_size");
        bool bias = config.Flag(false, "attention_bias");
        (MixerSpec.Attention attention, int context) = LlamaFamily.Attention(config, width, headDim: 128,
            rope: keys => keys with { DefaultPart = 0.5 });
        NormSpec norm = LlamaFamily.Norm(config) with { Epsilon = (float)config.Number(1e-5, "rms_norm_eps") };
        attention = attention with
        {
            InputBias = bias,
            HeadNorm = config.Flag(false, "use_qk_norm") ? new HeadNormSpec(norm, HeadNormOver.Head) : null,
        };
        config.Waive("layers that guess further tokens, which nothing runs", "num_nextn_predict_layers");
        int dense = config.IdOrNull("first_k_dense_replace") ?? 1;
        FeedForwardSpec.Gated inner = LlamaFamily.FeedForward(config);
        FeedForwardSpec experts = Experts(config, inner);
        return LlamaFamily.Model(config, ModelType, width, context,
            i => new LayerSpec(Placement.Pre, norm, attention, i < dense ? inner : experts), tied: false);
    }

    public override NameTable TensorNames(ModelSpec spec)
    {
        NameTable names = LlamaFamily.WithExperts(LlamaFamily.Names(spec));
        names.Add("layers.*.mlp.choice_bias", "model.layers.*.mlp.gate.e_score_correction_bias");
        foreach (string part in (ReadOnlySpan<string>)["gate", "up", "down"])
            names.Add($"layers.*.mlp.shared.{part}", $"model.layers.*.mlp.shared_experts.{part}_proj");
        return names.Waive("layers that guess further tokens, which nothing runs",
            $"model.layers.{spec.Decoder!.Layers.Count}.*");
    }

    private static FeedForwardSpec.Experts Experts(ConfigReader config, FeedForwardSpec.Gated dense)
    {
        int count = config.Size("n_routed_experts", "num_local_experts"), perToken = config.Size("num_experts_per_tok");
        if (perToken > count)
            throw config.Unsupported("num_experts_per_tok", perToken, $"at most n_routed_experts {count} is needed");
        int groups = config.SizeOrNull("n_group") ?? 1, chosen = config.SizeOrNull("topk_group") ?? 1;
        if (count % groups != 0 || chosen > groups || chosen * (count / groups) < perToken)
        {
            throw config.Unsupported("n_group", groups,
                $"a divisor of n_routed_experts {count}, with {perToken} experts in topk_group {chosen} groups, is needed");
        }

        int inner = config.Size("moe_intermediate_size"), shared = config.IdOrNull("n_shared_experts") ?? 1;
        var router = new RouterSpec(perToken, config.Flag(true, "norm_topk_prob"))
        {
            Score = ExpertScore.Sigmoid,
            ChoiceBias = true,
            Epsilon = 1e-20,
            Scale = (float)config.Number(1, "routed_scaling_factor"),
            Groups = groups,
            GroupsPerToken = chosen,
            GroupsByTwo = groups > 1,
        };
        return new FeedForwardSpec.Experts(count, router, dense with { Width = inner })
        {
            Shared = shared == 0 ? null
                : dense with { Width = config.Product("moe_intermediate_size", inner, shared, "n_shared_experts") },
        };
    }

    private static FeedForwardSpec.Experts? ExpertsOf(ModelSpec spec) =>
        spec.Decoder!.Layers.Select(layer => layer.FeedForward).OfType<FeedForwardSpec.Experts>().FirstOrDefault();

    private static NameTable GgufNames(ModelSpec spec)
    {
        NameTable names = GgufMap.LlamaNames(spec, turned: false);
        names.Replace("layers.*.norm2", new TensorPlace("blk.*.post_attention_norm"));
        if (ExpertsOf(spec) is not { } experts)
            return names;
        MixtralArchitecture.AddGgufExperts(names, experts, spec.Decoder!.Width);
        names.Add("layers.*.mlp.choice_bias", "blk.*.exp_probs_b.bias");
        foreach (string part in (ReadOnlySpan<string>)["gate", "up", "down"])
            names.Add($"layers.*.mlp.shared.{part}", $"blk.*.ffn_{part}_shexp");
        return names.Waive("layers that guess further tokens, which nothing runs", $"blk.{spec.Decoder!.Layers.Count}.*");
    }

    private static void ReadGguf(GgufConfig config)
    {
        LlamaFamily.ReadGguf(config, partial: true);
        config.Json.TryAdd("partial_rotary_factor", 1.0);
        config.Json["num_hidden_layers"] = config.Required("block_count") - (config.Size("nextn_predict_layers") ?? 0);
        if (config.Size("expert_gating_func") is { } gating and not (0 or Sigmoid))
            throw config.Unsupported("expert_gating_func", gating, $"{Sigmoid}, the sigmoid, is needed");
        if (config.Json["routed_scaling_factor"]?.GetValue<double>() == 0)
            config.Json.Remove("routed_scaling_factor");
        foreach (string key in (ReadOnlySpan<string>)["n_group", "topk_group"])
        {
            if (config.Json[key]?.GetValue<int>() == 0)
                config.Json.Remove(key);
        }

        config.Json.TryAdd("norm_topk_prob", true);
        config.Json["attention_bias"] = config.Has("blk.0.attn_q.bias");
        config.Json["use_qk_norm"] = config.Has("blk.0.attn_q_norm.weight");
    }

    private static void WriteGguf(GgufExport export)
    {
        IReadOnlyList<LayerSpec> layers = export.Spec.Decoder!.Layers;
        export.Require(ExpertsOf(export.Spec) is not null, "n_routed_experts", "readers of glm4moe files need experts");
        FeedForwardSpec.Experts experts = ExpertsOf(export.Spec)!;
        export.Set("block_count", (uint)layers.Count);
        export.Set("leading_dense_block_count",
            (uint)layers.TakeWhile(layer => layer.FeedForward is FeedForwardSpec.Gated).Count());
        export.Set("expert_gating_func", (uint)Sigmoid);
        export.SetDefault("expert_shared_count", (uint)((experts.Shared?.Width ?? 0) / experts.Expert.Width));
        export.SetDefault("expert_weights_scale", experts.Router.Scale);
        export.SetDefault("expert_weights_norm", experts.Router.Renormalise);
        export.SetDefault("feed_forward_length", (uint)experts.Expert.Width);
        LlamaFamily.WriteGguf(export, export.Spec.Decoder!.AgreedAttention(), partial: true);
    }
}
