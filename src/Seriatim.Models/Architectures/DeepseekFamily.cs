namespace Seriatim.Models;

/// <summary>What DeepSeek-V2 and V3 have in common: latent attention, and experts beside one that all rows go through.</summary>
internal static class DeepseekFamily
{
    /// <summary>The norms of latents have this epsilon whatever the config says of the others.</summary>
    private const float LatentEpsilon = 1e-6f;

    /// <summary>The keys that both have; the others are read and written by hand.</summary>
    public static IReadOnlyList<GgufKey> GgufKeys { get; } =
    [
        new("context_length", "max_position_embeddings"), new("embedding_length", "hidden_size"),
        new("block_count", "num_hidden_layers"),
        new("attention.layer_norm_rms_epsilon", "rms_norm_eps", GgufKind.Number),
        new GgufKey("rope.freq_base", "rope_theta", GgufKind.Number).Optional,
        new GgufKey("vocab_size", "vocab_size").Optional,
    ];

    /// <summary>The model.</summary>
    /// <param name="config">The config.</param>
    /// <param name="family">Its model type.</param>
    /// <param name="usuallyDense">Layers without experts if the config does not say.</param>
    /// <param name="router">How experts are chosen, by their number; asked only if there are some.</param>
    public static ModelSpec ReadSpec(ConfigReader config, string family, int usuallyDense, Func<int, RouterSpec> router)
    {
        int width = config.Size("hidden_size"), layers = config.Size("num_hidden_layers");
        LlamaFamily.WaiveAtRest(config);
        config.Waive("keys and values are made of the latent, as many as heads", "num_key_value_heads");
        config.Waive("follows from qk_rope_head_dim and qk_nope_head_dim", "head_dim", "qk_head_dim");
        config.Waive("layers that predict tokens after the next, which are not used", "num_nextn_predict_layers");
        config.Waive("losses and parts of training", "aux_loss_alpha", "seq_aux", "ep_size", "pretraining_tp",
            "router_aux_loss_coef");
        (MixerSpec.Latent attention, int context) = Mixer(config);
        var norm = new NormSpec(NormKind.Rms, (float)config.Number(1e-6, "rms_norm_eps"), Bias: false);
        Activation activation = CommonKeys.ReadActivation(config, "silu", "hidden_act");
        var dense = new FeedForwardSpec.Gated(config.Size("intermediate_size"), activation, Bias: false);
        int first = config.IdOrNull("first_k_dense_replace") ?? usuallyDense, every = config.SizeOrNull("moe_layer_freq") ?? 1;
        FeedForwardSpec experts = first < layers ? Experts(config, activation, router) : dense;
        int vocabulary = config.Size("vocab_size");
        var stack = new StackSpec(vocabulary, width, Visibility.Causal, CommonKeys.Layers(config, layers,
            layer => new LayerSpec(Placement.Pre, norm, attention, layer < first || layer % every != 0 ? dense : experts)))
        {
            FrozenId = config.IdOrNull("pad_token_id"),
            FinalNorm = norm,
        };
        var head = new HeadSpec(vocabulary) { Tied = config.Flag(false, "tie_word_embeddings") };
        return new ModelSpec(family, ModelTask.CausalLanguageModel, null, stack, head, context)
        {
            Dropout = config.Dropout(attention: "attention_dropout"),
        };
    }

    /// <summary>Groups of experts, and of how many of them a row may have some.</summary>
    /// <param name="config">The config.</param>
    /// <param name="experts">Number of experts.</param>
    /// <param name="limits">Whether groups count.</param>
    /// <param name="usual">Both numbers if the config does not say.</param>
    public static (int Groups, int PerToken) Groups(ConfigReader config, int experts, bool limits, (int, int) usual)
    {
        int groups = config.SizeOrNone(usual.Item1, "n_group") ?? 1, chosen = config.SizeOrNone(usual.Item2, "topk_group") ?? 1;
        int perToken = config.Size("num_experts_per_tok");
        if (experts % groups != 0)
            throw config.Unsupported("n_group", groups, $"a divisor of n_routed_experts {experts} is needed");
        if (chosen > groups)
            throw config.Unsupported("topk_group", chosen, $"at most n_group {groups} is needed");
        (groups, chosen) = limits ? (groups, chosen) : (1, 1);
        return perToken <= experts / groups * chosen
            ? (groups, chosen)
            : throw config.Unsupported("num_experts_per_tok", perToken,
                $"at most {experts / groups * chosen}, the experts of {chosen} of {groups} groups, is needed");
    }

    private static FeedForwardSpec.Experts Experts(ConfigReader config, Activation activation, Func<int, RouterSpec> router)
    {
        int count = config.Size("n_routed_experts"), inner = config.Size("moe_intermediate_size");
        return new FeedForwardSpec.Experts(count, router(count), new FeedForwardSpec.Gated(inner, activation, Bias: false))
        {
            Shared = config.IdOrNull("n_shared_experts") is > 0 and var shared
                ? new FeedForwardSpec.Gated(
                    config.Product("n_shared_experts", shared, inner, "moe_intermediate_size"), activation, Bias: false)
                : null,
        };
    }

    private static (MixerSpec.Latent Mixer, int Context) Mixer(ConfigReader config)
    {
        int heads = config.Size("num_attention_heads"), turn = config.Size("qk_rope_head_dim");
        int key = config.Size("qk_nope_head_dim"), rank = config.Size("kv_lora_rank"), value = config.Size("v_head_dim");
        if (turn % 2 != 0)
            throw config.Unsupported("qk_rope_head_dim", turn, "an even number is needed: features turn in pairs");
        config.Product("num_attention_heads", heads, (long)rank + turn, "kv_lora_rank + qk_rope_head_dim");
        config.Product("num_attention_heads", heads, (long)key + value, "qk_nope_head_dim + v_head_dim");
        var keys = new RopeKeys(turn, config.Size("max_position_embeddings"))
        {
            Part = [],
            Pairing = config.Flag(true, "rope_interleave") ? RopePairing.Interleaved : RopePairing.HalfSplit,
        };
        (PositionSpec.Rope rope, int context) = RopeConfig.Read(config, keys);
        double scale = 1 / Math.Sqrt(key + turn) * Sharpened(config, rope);
        return (new MixerSpec.Latent(heads, key, value, rank, (float)scale, rope)
        {
            QueryRank = config.SizeOrNull("q_lora_rank"),
            Epsilon = LatentEpsilon,
            Bias = config.Flag(false, "attention_bias"),
        }, context);
    }

    /// <summary>YaRN sharpens the scores here, and not by longer queries and keys: <c>(0.1 m ln(factor) + 1)²</c>.</summary>
    private static double Sharpened(ConfigReader config, PositionSpec.Rope rope)
    {
        if (rope.Scaling is not RopeScaling.Yarn yarn)
            return 1;
        ConfigReader section = config.Section("rope_scaling") ?? config.Section("rope_parameters")!;
        double all = section.Number(0, "mscale_all_dim");
        double factor = all == 0 ? 1 : 0.1 * all * PlainMath.Log(yarn.Factor) + 1;
        return factor * factor;
    }
}
