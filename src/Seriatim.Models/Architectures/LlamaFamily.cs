namespace Seriatim.Models;

/// <summary>What llama and its descendants have in common.</summary>
internal static class LlamaFamily
{
    /// <summary>Attention with rotary positions from the usual keys, and the context it reaches.</summary>
    /// <param name="config">The config.</param>
    /// <param name="width">Features of a row, E.</param>
    /// <param name="headDim">What the class takes if <c>head_dim</c> is missing; null: the width over the heads.</param>
    /// <param name="rope">Where the family has its rotary positions, if not where llama has them.</param>
    public static (MixerSpec.Attention Attention, int Context) Attention(
        ConfigReader config, int width, int? headDim = null, Func<RopeKeys, RopeKeys>? rope = null)
    {
        MixerSpec.Attention heads = Heads(config, width, headDim);
        RopeKeys keys = Keys(config, heads.HeadDim);
        (PositionSpec.Rope position, int context) = RopeConfig.Read(config, rope?.Invoke(keys) ?? keys);
        return (heads with { Position = position }, context);
    }

    /// <summary>The same without positions.</summary>
    public static MixerSpec.Attention Heads(ConfigReader config, int width, int? usual = null)
    {
        int heads = config.Size("num_attention_heads");
        int keyHeads = config.SizeOrNull("num_key_value_heads") ?? heads;
        if (heads % keyHeads != 0)
            throw config.Unsupported("num_key_value_heads", keyHeads, $"a divisor of num_attention_heads {heads} is needed");
        int headDim = config.SizeOrNull("head_dim") ?? usual ?? CommonKeys.HeadDim(config, width, heads);
        WaiveAtRest(config);
        return new MixerSpec.Attention(heads, keyHeads, headDim, (float)(1 / Math.Sqrt(headDim)));
    }

    /// <summary>Where llama has its rotary positions.</summary>
    public static RopeKeys Keys(ConfigReader config, int headDim) => new(headDim, config.Size("max_position_embeddings"))
    {
        OriginalPositions = config.SizeOrNull("original_max_position_embeddings"),
    };

    /// <summary>Keys of brothers in the family, at the value at which they do nothing.</summary>
    public static void WaiveAtRest(ConfigReader config)
    {
        config.WaiveAt("layers have no bias", "false", "attention_bias", "mlp_bias", "lm_head_bias", "qkv_bias", "use_bias",
            "head_bias");
        config.WaiveAt("queries and keys have no norm", "false", "use_qk_norm", "qk_norm", "qk_layernorm");
        config.WaiveAt("features turn as halves", "false", "rope_interleaved", "use_mrope");
        config.WaiveAt("products are not cut into parts", "1", "pretraining_tp");
        config.WaiveAt("nothing is scaled", "1", "embedding_multiplier", "residual_multiplier", "logits_scaling", "logit_scale");
        config.WaiveAt("no layers that guess further tokens", "0", "num_nextn_predict_layers");
        config.WaiveAt("nothing is dropped", "0", "embd_pdrop", "resid_pdrop", "hidden_dropout", "attn_pdrop",
            "embedding_dropout", "residual_dropout");
    }

    /// <summary>A gated feed-forward layer from the usual keys.</summary>
    public static FeedForwardSpec.Gated FeedForward(ConfigReader config, bool bias = false) =>
        new(config.Size("intermediate_size"), CommonKeys.ReadActivation(config, "silu", "hidden_act"), bias);

    /// <summary>The window of all layers; 0: none.</summary>
    /// <param name="config">The config.</param>
    /// <param name="usual">What the class takes if the key is missing; null: none.</param>
    public static int Window(ConfigReader config, int? usual = null)
    {
        int window = (usual is { } own ? config.SizeOrNone(own, "sliding_window") : config.SizeOrNull("sliding_window")) ?? 0;
        config.WaiveAt("says what sliding_window says", window > 0 ? "true" : "false", "use_sliding_window");
        return window;
    }

    /// <summary>RMS norm from the usual keys.</summary>
    public static NormSpec Norm(ConfigReader config, float offset = 0) =>
        new(NormKind.Rms, (float)config.Number(1e-6, "rms_norm_eps"), Bias: false, offset);

    /// <summary>Layer norm.</summary>
    public static NormSpec LayerNorm(ConfigReader config, string key) =>
        new(NormKind.Layer, (float)config.Number(1e-5, key), Bias: true);

    /// <summary>Where queries, keys and values are cut off; 0: nowhere.</summary>
    public static float Limit(ConfigReader config, string key)
    {
        double limit = config.Number(0, key);
        return limit >= 0 ? (float)limit : throw config.Unsupported(key, limit, "a number from 0 is needed");
    }

    /// <summary>A decoder with a language model head.</summary>
    /// <param name="config">The config.</param>
    /// <param name="family">Its model type.</param>
    /// <param name="width">Features of a row, E.</param>
    /// <param name="context">Most positions.</param>
    /// <param name="layer">The layers.</param>
    /// <param name="tied">Whether the class ties the head if the config does not say.</param>
    public static ModelSpec Model(
        ConfigReader config, string family, int width, int context, Func<int, LayerSpec> layer, bool tied = true)
    {
        int vocabulary = config.Size("vocab_size");
        LayerSpec[] layers = CommonKeys.Layers(config, config.Size("num_hidden_layers"), layer);
        var stack = new StackSpec(vocabulary, width, Visibility.Causal, layers)
        {
            FrozenId = config.IdOrNull("pad_token_id"),
        };
        stack = stack with { FinalNorm = stack.Agreed("norm", layer => layer.Norm) };
        var head = new HeadSpec(vocabulary) { Tied = config.Flag(tied, "tie_word_embeddings") };
        return new ModelSpec(family, ModelTask.CausalLanguageModel, null, stack, head, context)
        {
            Dropout = config.Dropout(attention: "attention_dropout"),
        };
    }

    /// <summary>The usual names.</summary>
    public static NameTable Names(ModelSpec spec)
    {
        NameTable names = NamesWithoutNorms(spec);
        names.Add("layers.*.norm1", "model.layers.*.input_layernorm");
        names.Add("layers.*.norm2", "model.layers.*.post_attention_layernorm");
        return names;
    }

    /// <summary>The same without the norms of layers.</summary>
    public static NameTable NamesWithoutNorms(ModelSpec spec)
    {
        var names = new NameTable
        {
            { "embed", "model.embed_tokens" },
            { "layers.*.attention.q", "model.layers.*.self_attn.q_proj" },
            { "layers.*.attention.k", "model.layers.*.self_attn.k_proj" },
            { "layers.*.attention.v", "model.layers.*.self_attn.v_proj" },
            { "layers.*.attention.o", "model.layers.*.self_attn.o_proj" },
            { "layers.*.attention.q_norm", "model.layers.*.self_attn.q_norm" },
            { "layers.*.attention.k_norm", "model.layers.*.self_attn.k_norm" },
            { "layers.*.mlp.gate", "model.layers.*.mlp.gate_proj" },
            { "layers.*.mlp.up", "model.layers.*.mlp.up_proj" },
            { "layers.*.mlp.down", "model.layers.*.mlp.down_proj" },
            { "norm", "model.norm" },
            { "head", "lm_head" },
        };
        if (spec.Head.Tied)
            names.Waive(NameTable.TiedCopy, "lm_head.weight");
        return names.Waive("computed from the config", "model.layers.*.self_attn.rotary_emb.inv_freq");
    }

    /// <summary>The names of experts that have tensors of their own, below <c>mlp</c> of each layer.</summary>
    public static NameTable WithExperts(NameTable names)
    {
        names.Add("layers.*.mlp.router", "model.layers.*.mlp.gate");
        foreach (string part in (ReadOnlySpan<string>)["gate", "up", "down"])
            names.Add($"layers.*.mlp.experts.*.{part}", $"model.layers.*.mlp.experts.*.{part}_proj");
        return names;
    }

    /// <summary>
    /// What the GGUF files of this family say beyond <see cref="GgufMap.LlamaKeys"/>; returns the features of a head.
    /// </summary>
    public static int ReadGguf(GgufConfig config, bool partial)
    {
        int heads = config.Required("attention.head_count");
        int headDim = config.Size("attention.key_length") ?? config.Required("embedding_length") / Math.Max(heads, 1);
        config.Only("attention.value_length", headDim, "the length of keys");
        config.Waive("all norms are RMS norms", "attention.layer_norm_epsilon");
        GgufRope.Read(config, headDim, partial);
        return headDim;
    }

    /// <summary>The same, for files whose whole heads turn.</summary>
    public static int ReadGguf(GgufConfig config) => ReadGguf(config, partial: false);

    /// <summary>The same keys, written.</summary>
    public static void WriteGguf(GgufExport export) =>
        WriteGguf(export, export.Spec.Decoder!.AgreedAttention(), partial: export.Architecture == "phi3");

    /// <summary>The same keys for layers like one of them.</summary>
    public static void WriteGguf(GgufExport export, MixerSpec.Attention attention, bool partial)
    {
        export.SetDefault("attention.head_count_kv", (uint)attention.KeyValueHeads);
        export.SetRope(attention, partial);
    }
}
