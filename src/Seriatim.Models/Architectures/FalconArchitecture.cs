namespace Seriatim.Models;

/// <summary>
/// Falcon (Almazrouei et al., 2023): of the first kind with one key head for all and both parts after one norm; of the second
/// (40B, 180B) with groups of heads and a norm of each part; or one part after the other with a bias that falls with the
/// distance.
/// </summary>
internal sealed class FalconArchitecture : Architecture
{
    public override string ModelType => "falcon";

    public override IReadOnlyList<string> ClassNames => ["FalconForCausalLM"];

    internal override GgufMap Gguf { get; } = new()
    {
        Architecture = "falcon",
        Keys = GgufMap.LayerNormKeys("layer_norm_epsilon").Where(key => key.Name != "attention.head_count_kv"
            && key.Name != "attention.key_length" && key.Name != "feed_forward_length").Append(
                new GgufKey("feed_forward_length", "ffn_hidden_size").Optional).ToArray(),
        Names = spec =>
        {
            MixerSpec.Attention attention = spec.Decoder!.AgreedAttention();
            NameTable names = GgufMap.WithFused(GgufMap.CommonNames(spec), attention.Heads * attention.HeadDim,
                attention.KeyValueHeads * attention.HeadDim);
            if (spec.Decoder!.Layers[0].Placement == Placement.Parallel)
            {
                // Readers norm for attention with the second, if there is one.
                names.Replace("layers.*.norm1", new TensorPlace("blk.*.attn_norm_2"));
                names.Replace("layers.*.norm2", new TensorPlace("blk.*.attn_norm"));
            }

            return names;
        },
        Read = ReadGguf,
        Write = WriteGguf,
    };

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        int width = config.Size("hidden_size", "n_embed"), heads = config.Size("num_attention_heads", "n_head");
        bool grouped = config.Flag(false, "new_decoder_architecture"), one = config.Flag(true, "multi_query");
        bool parallel = config.Flag(true, "parallel_attn"), bias = config.Flag(false, "bias");
        int? keys = config.SizeOrNull("num_kv_heads", "n_head_kv");
        int keyHeads = grouped ? keys ?? heads : one ? 1 : heads;
        if (heads % keyHeads != 0)
            throw config.Unsupported("num_kv_heads", keyHeads, $"a divisor of num_attention_heads {heads} is needed");
        int headDim = CommonKeys.HeadDim(config, width, heads);
        (PositionSpec position, int context) = Position(config, headDim);
        var attention = new MixerSpec.Attention(heads, keyHeads, headDim, (float)(1 / Math.Sqrt(headDim)))
        {
            InputBias = bias,
            OutputBias = bias,
            Position = position,
        };
        int norms = config.SizeOrNull("num_ln_in_parallel_attn") ?? (grouped ? 2 : 1);
        Placement placement = grouped && norms == 2 ? Placement.Parallel
            : grouped || parallel ? Placement.ParallelOfOne : Placement.Pre;
        config.Waive("ffn_hidden_size says it, or the usual width", "ff_factor");
        config.WaiveAt("residuals are added as they are", "false", "apply_residual_connection_post_layernorm");
        NormSpec norm = LlamaFamily.LayerNorm(config, "layer_norm_epsilon");
        var feedForward = new FeedForwardSpec.Dense(config.SizeOrNull("ffn_hidden_size") ?? 4 * width,
            CommonKeys.ReadActivation(config, "gelu", "activation"), bias);
        var layer = new LayerSpec(placement, norm, attention, feedForward);
        int vocabulary = config.Size("vocab_size");
        var stack = new StackSpec(vocabulary, width, Visibility.Causal,
            CommonKeys.Layers(config, config.Size("num_hidden_layers", "n_layer"), _ => layer))
        {
            FinalNorm = norm,
        };
        var head = new HeadSpec(vocabulary) { Tied = config.Flag(true, "tie_word_embeddings") };
        return new ModelSpec(ModelType, ModelTask.CausalLanguageModel, null, stack, head, context)
        {
            Dropout = config.Dropout(residual: "hidden_dropout", attention: "attention_dropout"),
        };
    }

    public override NameTable TensorNames(ModelSpec spec)
    {
        MixerSpec.Attention attention = spec.Decoder!.AgreedAttention();
        (int d, int keyHeads) = (attention.HeadDim, attention.KeyValueHeads);
        int group = attention.Heads / keyHeads;
        int rows = d * (attention.Heads + 2 * keyHeads), one = (group + 2) * d;

        // For each key head: its queries, its keys, its values. With one key head that is the order q, k, v.
        TensorPlace Part(int first, int size) => new("transformer.h.*.self_attention.query_key_value",
            Rows: new RowPattern(first, size, one, rows));
        bool two = spec.Decoder!.Layers[0].Placement == Placement.Parallel;
        var names = new NameTable
        {
            { "embed", "transformer.word_embeddings" },
            { "layers.*.norm1", two ? "transformer.h.*.ln_attn" : "transformer.h.*.input_layernorm" },
            { "layers.*.norm2", two ? "transformer.h.*.ln_mlp" : "transformer.h.*.post_attention_layernorm" },
            { "layers.*.attention.q", Part(0, group * d) },
            { "layers.*.attention.k", Part(group * d, d) },
            { "layers.*.attention.v", Part((group + 1) * d, d) },
            { "layers.*.attention.o", "transformer.h.*.self_attention.dense" },
            { "layers.*.mlp.up", "transformer.h.*.mlp.dense_h_to_4h" },
            { "layers.*.mlp.down", "transformer.h.*.mlp.dense_4h_to_h" },
            { "norm", "transformer.ln_f" },
            { "head", "lm_head" },
        };
        return spec.Head.Tied ? names.Waive(NameTable.TiedCopy, "lm_head.weight") : names;
    }

    /// <summary>The bias by distance is divided by sqrt(D) with the scores.</summary>
    private static (PositionSpec Position, int Context) Position(ConfigReader config, int headDim)
    {
        if (config.Flag(false, "alibi"))
        {
            config.Waive("nothing turns", "rope_theta", "rope_scaling", "rope_parameters", "max_position_embeddings");
            return (new PositionSpec.Alibi { Scale = (float)(1 / Math.Sqrt(headDim)) }, int.MaxValue);
        }

        return RopeConfig.Read(config, new RopeKeys(headDim, config.SizeOrNull("max_position_embeddings") ?? 2048));
    }

    private static void ReadGguf(GgufConfig config)
    {
        int heads = Math.Max(1, config.Required("attention.head_count"));
        int keyHeads = config.Size("attention.head_count_kv") ?? heads;
        int headDim = config.Required("embedding_length") / heads;
        config.Only("attention.key_length", headDim, "the width over the heads");
        config.Only("attention.value_length", headDim, "the width over the heads");
        GgufRope.Read(config, headDim);
        bool two = config.Has("blk.0.attn_norm_2.weight");
        config.Json["new_decoder_architecture"] = two || keyHeads > 1;
        config.Json["multi_query"] = true;
        config.Json["num_kv_heads"] = keyHeads;
        config.Json["num_ln_in_parallel_attn"] = two ? 2 : 1;
        config.Waive("a note about files of old", "tensor_data_layout");
    }

    private static void WriteGguf(GgufExport export)
    {
        MixerSpec.Attention attention = export.Spec.Decoder!.AgreedAttention();
        export.Require(attention.Position is PositionSpec.Rope, "alibi", "readers of falcon files turn heads");
        export.Require(!attention.InputBias, "bias", "readers of falcon files know no biases");
        export.Require(export.Spec.Decoder!.Layers[0].Placement != Placement.Pre, "parallel_attn",
            "readers of falcon files run both parts side by side");
        export.RequireActivation(Activation.Gelu);
        export.Set("attention.head_count_kv", (uint)attention.KeyValueHeads);
        export.SetDefault("feed_forward_length",
            (uint)export.Spec.Decoder!.AgreedFeedForward<FeedForwardSpec.Dense>().Width);
        export.SetRope(attention, partial: false);
    }
}
