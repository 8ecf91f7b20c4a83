namespace Seriatim.Models;

/// <summary>
/// MPT (MosaicML, 2023): a bias that falls with the distance, nothing has a bias vector, projections cut off if asked for.
/// </summary>
internal sealed class MptArchitecture : Architecture
{
    public override string ModelType => "mpt";

    public override IReadOnlyList<string> ClassNames => ["MptForCausalLM", "MPTForCausalLM"];

    internal override GgufMap Gguf { get; } = new()
    {
        Architecture = "mpt",
        Keys =
        [
            new("context_length", "max_seq_len"), new("embedding_length", "d_model"), new("block_count", "n_layers"),
            new("attention.head_count", "n_heads"),
            new("attention.layer_norm_epsilon", "layer_norm_epsilon", GgufKind.Number),
            new GgufKey("vocab_size", "vocab_size").Optional,
        ],
        Names = spec => GgufMap.WithFused(GgufMap.CommonNames(spec), spec.Decoder!.Width, spec.Decoder.Width),
        Read = ReadGguf,
        Write = WriteGguf,
    };

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        int width = config.Size("d_model", "hidden_size"), heads = config.Size("n_heads", "num_attention_heads");
        int headDim = CommonKeys.HeadDim(config, width, heads);
        ConfigReader? own = config.Section("attn_config");
        MixerSpec.Attention attention = CommonKeys.MultiHead(heads, headDim, bias: false) with
        {
            Position = own?.Flag(true, "alibi") ?? true
                ? new PositionSpec.Alibi { MaxBias = (float)(own?.Number(8, "alibi_bias_max") ?? 8), EverySecondFirst = true }
                : throw config.Unsupported("attn_config.alibi", false, "true is needed: the class has no other positions"),
            Limit = own is null ? 0 : LlamaFamily.Limit(own, "clip_qkv"),
        };
        if (own?.NumberOrNull("softmax_scale") is { } scale)
            attention = attention with { Scale = (float)scale };
        Waive(config, own);
        var norm = new NormSpec(NormKind.Layer, (float)config.Number(1e-5, "layer_norm_epsilon"), Bias: false);
        int inner = config.Product("d_model", width, config.SizeOrNull("expansion_ratio") ?? 4, "expansion_ratio");
        var layer = new LayerSpec(Placement.Pre, norm, attention, new FeedForwardSpec.Dense(inner, Activation.Gelu, Bias: false));
        int vocabulary = config.Size("vocab_size");
        var stack = new StackSpec(vocabulary, width, Visibility.Causal,
            CommonKeys.Layers(config, config.Size("n_layers", "num_hidden_layers"), _ => layer))
        {
            FinalNorm = norm,
        };
        var head = new HeadSpec(vocabulary) { Tied = config.Flag(true, "tie_word_embeddings") };
        return new ModelSpec(ModelType, ModelTask.CausalLanguageModel, null, stack, head, config.Size("max_seq_len"))
        {
            Dropout = config.Dropout("emb_pdrop", "resid_pdrop"),
        };
    }

    public override NameTable TensorNames(ModelSpec spec)
    {
        int width = spec.Decoder!.Width;
        TensorPlace Part(int part) =>
            new("transformer.blocks.*.attn.Wqkv", Rows: RowPattern.Run(part * width, width, 3 * width));
        var names = new NameTable
        {
            { "embed", "transformer.wte" },
            { "layers.*.norm1", "transformer.blocks.*.norm_1" },
            { "layers.*.attention.q", Part(0) },
            { "layers.*.attention.k", Part(1) },
            { "layers.*.attention.v", Part(2) },
            { "layers.*.attention.o", "transformer.blocks.*.attn.out_proj" },
            { "layers.*.norm2", "transformer.blocks.*.norm_2" },
            { "layers.*.mlp.up", "transformer.blocks.*.ffn.up_proj" },
            { "layers.*.mlp.down", "transformer.blocks.*.ffn.down_proj" },
            { "norm", "transformer.norm_f" },
            { "head", "lm_head" },
        };
        return spec.Head.Tied ? names.Waive(NameTable.TiedCopy, "lm_head.weight") : names;
    }

    private static void Waive(ConfigReader config, ConfigReader? own)
    {
        config.WaiveAt("nothing has a bias vector", "true", "no_bias");
        config.Waive("positions are those of the scores", "learned_pos_emb");
        config.Waive("how fresh weights are drawn, and what is printed", "init_config", "init_device", "verbose",
            "embedding_fraction", "norm_type", "logit_scale", "tokenizer_name");
        if (config.NumberOrNull("logit_scale") is { } scale and not 1)
            throw config.Unsupported("logit_scale", scale, "no factor is supported: the class applies none");
        if (own is null)
            return;
        own.Waive("which of several kernels, and names of the class", "attn_impl", "attn_type", "model_type");
        own.WaiveAt("queries and keys have no norm", "false", "qk_ln", "prefix_lm", "attn_uses_sequence_id");
        own.TrainingOnly("attn_pdrop");
        CommonKeys.Waive(own);
    }

    private static void ReadGguf(GgufConfig config)
    {
        config.Only("attention.head_count_kv", config.Required("attention.head_count"), "the number of heads");
        config.Only("feed_forward_length", 4 * config.Required("embedding_length"), "four times the width");
        config.Json["attn_config"] = new System.Text.Json.Nodes.JsonObject
        {
            ["alibi_bias_max"] = config.Number("attention.max_alibi_bias") ?? 8,
            ["clip_qkv"] = config.Number("attention.clamp_kqv") is { } limit and > 0 ? limit : null,
        };
    }

    private static void WriteGguf(GgufExport export)
    {
        MixerSpec.Attention attention = export.Spec.Decoder!.AgreedAttention();
        var alibi = (PositionSpec.Alibi)attention.Position;
        export.Require(int.IsPow2(attention.Heads), "n_heads", "readers order the slopes of other numbers of heads differently");
        export.Require(attention.Scale == (float)(1 / Math.Sqrt(attention.HeadDim)), "attn_config.softmax_scale",
            "GGUF files of mpt have no key for it");
        export.Require(export.Spec.Decoder!.AgreedFeedForward<FeedForwardSpec.Dense>().Width == 4 * export.Spec.Decoder!.Width,
            "expansion_ratio", "readers of mpt files take 4");
        export.Set("feed_forward_length", (uint)(4 * export.Spec.Decoder!.Width));
        export.Set("attention.max_alibi_bias", alibi.MaxBias);
        if (attention.Limit > 0)
            export.Set("attention.clamp_kqv", attention.Limit);
    }
}
