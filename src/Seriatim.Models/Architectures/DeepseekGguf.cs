using System.Text.Json.Nodes;

namespace Seriatim.Models;

/// <summary>The keys of <c>deepseek2</c> that the table of keys cannot say.</summary>
internal static class DeepseekGguf
{
    public static void Read(GgufConfig config)
    {
        JsonObject json = config.Json;
        int rank = config.Required("attention.kv_lora_rank"), turn = config.Required("rope.dimension_count");
        if (config.Size("attention.key_length_mla") is not { } key || config.Size("attention.value_length_mla") is not { } value)
        {
            throw config.Unsupported("attention.key_length", config.Size("attention.key_length") ?? 0,
                "key_length_mla and value_length_mla are missing: the file is older than latents in files. "
                    + "Convert the model again");
        }

        config.Only("attention.head_count_kv", 1, "one latent for all heads");
        config.Only("attention.key_length", rank + turn, "the latent and the rotary features");
        config.Only("attention.value_length", rank, "the latent");
        json["num_attention_heads"] = config.Required("attention.head_count");
        json["kv_lora_rank"] = rank;
        json["qk_rope_head_dim"] = turn;
        json["qk_nope_head_dim"] = key - turn;
        json["v_head_dim"] = value;
        if (config.Size("attention.q_lora_rank") is > 0 and var queries)
            json["q_lora_rank"] = queries;
        json["intermediate_size"] = config.Required("feed_forward_length");
        config.Waive("layers that predict tokens after the next, which are not used", "nextn_predict_layers");
        ReadExperts(config);
        ReadYarn(config);
    }

    public static void Write(GgufExport export)
    {
        StackSpec stack = export.Spec.Decoder!;
        MixerSpec.Latent mixer = DeepseekNames.MixerOf(export.Spec);
        export.Require(!mixer.Bias, "attention_bias", "readers of deepseek2 files know no biases of attention");
        export.Require(mixer.Position.Pairing == RopePairing.Interleaved, "rope_interleave",
            "readers of deepseek2 files turn neighbours");
        FeedForwardSpec.Experts? experts = DeepseekNames.ExpertsOf(export.Spec);
        int dense = stack.Layers.TakeWhile(layer => layer.FeedForward is FeedForwardSpec.Gated).Count();
        int inner = stack.Layers.Select(layer => layer.FeedForward).OfType<FeedForwardSpec.Gated>().FirstOrDefault()?.Width
            ?? experts!.Expert.Width;
        export.Set("feed_forward_length", (uint)inner);
        export.Set("attention.head_count", (uint)mixer.Heads);
        export.Set("attention.head_count_kv", 1u);
        export.Set("attention.key_length", (uint)(mixer.Rank + mixer.TurnDim));
        export.Set("attention.value_length", (uint)mixer.Rank);
        export.Set("attention.key_length_mla", (uint)(mixer.KeyDim + mixer.TurnDim));
        export.Set("attention.value_length_mla", (uint)mixer.ValueDim);
        export.Set("attention.kv_lora_rank", (uint)mixer.Rank);
        export.Set("attention.q_lora_rank", (uint)(mixer.QueryRank ?? 0));
        export.Set("leading_dense_block_count", (uint)dense);
        WriteRope(export, mixer);
        if (experts is not null)
            WriteExperts(export, experts);
    }

    private static void WriteExperts(GgufExport export, FeedForwardSpec.Experts experts)
    {
        RouterSpec router = experts.Router;
        export.Set("expert_feed_forward_length", (uint)experts.Expert.Width);
        export.Set("expert_count", (uint)experts.Count);
        export.Set("expert_used_count", (uint)router.PerToken);
        export.Set("expert_shared_count", (uint)((experts.Shared?.Width ?? 0) / experts.Expert.Width));
        export.Set("expert_weights_scale", router.Scale);
        export.Set("expert_weights_norm", router.Renormalise);
        export.Set("expert_gating_func", router.Score == ExpertScore.Sigmoid ? 2u : 1u);
        if (router.Groups == 1)
            return;
        export.Set("expert_group_count", (uint)router.Groups);
        export.Set("expert_group_used_count", (uint)router.GroupsPerToken);
    }

    private static void ReadExperts(GgufConfig config)
    {
        JsonObject json = config.Json;
        json["first_k_dense_replace"] = config.Size("leading_dense_block_count") ?? 0;
        int count = config.Size("expert_count") ?? 0;
        if (count == 0)
        {
            json["first_k_dense_replace"] = config.Required("block_count");
            return;
        }

        json["n_routed_experts"] = count;
        json["num_experts_per_tok"] = config.Required("expert_used_count");
        json["n_shared_experts"] = config.Size("expert_shared_count") ?? 0;
        json["moe_intermediate_size"] = config.Required("expert_feed_forward_length");
        json["routed_scaling_factor"] = config.Number("expert_weights_scale") is { } scale and not 0 ? scale : 1;
        json["norm_topk_prob"] = config.Flag("expert_weights_norm") ?? false;
        json["scoring_func"] = config.Size("expert_gating_func") switch
        {
            null or 0 or 1 => "softmax",
            2 => "sigmoid",
            var other => throw config.Unsupported("expert_gating_func", other, "0, 1 (softmax) or 2 (sigmoid) is needed"),
        };
        if (config.Size("expert_group_count") is > 1 and var groups)
        {
            json["n_group"] = groups;
            json["topk_group"] = config.Required("expert_group_used_count");
        }
        else
        {
            config.Waive("one group is none", "expert_group_used_count");
        }
    }

    /// <summary>
    /// Files have one number of YaRN's two: that by which scores are sharpened; queries and keys are no longer than without.
    /// </summary>
    private static void ReadYarn(GgufConfig config)
    {
        config.Waive("says whether the model was tuned with the scaling that is applied", "rope.scaling.finetuned");
        string type = config.Text("rope.scaling.type") ?? "none";
        if (type == "none")
            return;
        if (type != "yarn")
            throw config.Unsupported("rope.scaling.type", type, "none or yarn is needed");
        var section = new JsonObject
        {
            ["type"] = "yarn",
            ["factor"] = config.Number("rope.scaling.factor") ?? 1,
            ["original_max_position_embeddings"] = config.Required("rope.scaling.original_context_length"),
            ["beta_fast"] = config.Number("rope.scaling.yarn_beta_fast") ?? 32,
            ["beta_slow"] = config.Number("rope.scaling.yarn_beta_slow") ?? 1,
        };
        if (config.Number("rope.scaling.yarn_log_multiplier") is { } multiplier and not 0)
        {
            double scale = (double)((decimal)multiplier * 10);
            (section["mscale"], section["mscale_all_dim"]) = (scale, scale);
        }
        else
        {
            section["attention_factor"] = 1;
        }

        config.Json["rope_scaling"] = section;
    }

    private static void WriteRope(GgufExport export, MixerSpec.Latent mixer)
    {
        export.SetDefault("rope.freq_base", (float)mixer.Position.Theta);
        export.Set("rope.dimension_count", (uint)mixer.TurnDim);
        if (mixer.Position.Scaling is null)
            return;
        export.Require(mixer.Position.Scaling is RopeScaling.Yarn { AttentionFactor: 1, WholeWaves: true }, "rope_scaling",
            "files of deepseek2 have yarn alone, with mscale and mscale_all_dim alike");
        var yarn = (RopeScaling.Yarn)mixer.Position.Scaling;
        export.Set("rope.scaling.type", "yarn");
        export.Set("rope.scaling.factor", (float)yarn.Factor);
        export.Set("rope.scaling.original_context_length", (uint)yarn.TrainedLength);
        export.Set("rope.scaling.yarn_beta_fast", (float)yarn.BetaFast);
        export.Set("rope.scaling.yarn_beta_slow", (float)yarn.BetaSlow);

        // The number stands in the config; what the model has is the factor of the scores that follows from it.
        double root = Math.Sqrt(mixer.Scale * Math.Sqrt(mixer.KeyDim + mixer.TurnDim));
        double multiplier = yarn.Factor > 1 ? (root - 1) / PlainMath.Log(yarn.Factor) : 0;
        export.Set("rope.scaling.yarn_log_multiplier", (float)Math.Round(multiplier, 6));
    }
}
