namespace Seriatim.Models;

/// <summary>Bloom (Scao et al., 2022): ALiBi, a norm after the embedding, queries, keys and values interleaved by head.</summary>
internal sealed class BloomArchitecture : Architecture
{
    public override string ModelType => "bloom";

    public override IReadOnlyList<string> ClassNames => ["BloomForCausalLM"];

    internal override GgufMap Gguf { get; } = new()
    {
        Architecture = "bloom",
        Keys =
        [
            new("context_length", "seq_length"), new("embedding_length", "hidden_size"), new("block_count", "n_layer"),
            new("feed_forward_length", "n_inner"), new("attention.head_count", "n_head"),
            new("attention.layer_norm_epsilon", "layer_norm_epsilon", GgufKind.Number),
            new GgufKey("vocab_size", "vocab_size").Optional,
        ],
        Names = spec =>
        {
            int width = spec.Decoder!.Width;
            NameTable names = GgufMap.WithFused(GgufMap.CommonNames(spec), width, width);
            names.Add("embed_norm", "token_embd_norm");
            return names;
        },
        Read = config =>
        {
            config.Only("attention.head_count_kv", config.Required("attention.head_count"), "the number of heads");
            config.Waive("ALiBi falls to 2^-8 in all models of this family", "attention.max_alibi_bias");
        },
        Write = export =>
        {
            export.SetDefault("context_length", 2048u);
        },
    };

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        int width = config.Size("hidden_size", "n_embed");
        int heads = config.Size("n_head", "num_attention_heads");
        int headDim = CommonKeys.HeadDim(config, width, heads);
        int vocabulary = config.Size("vocab_size");
        Placement placement = config.Flag(false, "apply_residual_connection_post_layernorm")
            ? Placement.NormedResidual
            : Placement.Pre;
        config.Only("slow_but_exact", false);
        config.Waive("read by slow_but_exact alone", "pretraining_tp");
        config.Waive("ALiBi has no longest position", "seq_length", "offset_alibi");
        config.Waive("kernels of the training framework", "masked_softmax_fusion", "bias_dropout_fusion",
            "attention_softmax_in_fp32", "skip_bias_add", "skip_bias_add_qkv");
        if ((config.SizeOrNull("n_inner") ?? 4 * width) is var inner && inner != 4 * width)
            throw config.Unsupported("n_inner", inner, $"4 x hidden_size = {4 * width} is needed");

        var norm = new NormSpec(NormKind.Layer, (float)config.Number(1e-5, "layer_norm_epsilon"), Bias: true);
        MixerSpec.Attention attention = CommonKeys.MultiHead(heads, headDim, bias: true) with
        {
            Position = new PositionSpec.Alibi(),
        };
        var layer = new LayerSpec(placement, norm, attention,
            new FeedForwardSpec.Dense(inner, Activation.GeluTanh, Bias: true));
        int count = config.Size("n_layer", "num_hidden_layers");
        var stack = new StackSpec(vocabulary, width, Visibility.Causal, CommonKeys.Layers(config, count, _ => layer))
        {
            EmbeddingNorm = norm,
            FinalNorm = norm,
        };
        var head = new HeadSpec(vocabulary) { Tied = config.Flag(true, "tie_word_embeddings") };
        return new ModelSpec(ModelType, ModelTask.CausalLanguageModel, null, stack, head, int.MaxValue)
        {
            Dropout = config.Dropout(residual: "hidden_dropout", attention: "attention_dropout"),
        };
    }

    public override NameTable TensorNames(ModelSpec spec)
    {
        MixerSpec.Attention attention = spec.Decoder!.AgreedAttention();
        (int heads, int d) = (attention.Heads, attention.HeadDim);
        TensorPlace Part(int part) =>
            new("transformer.h.*.self_attention.query_key_value", Rows: new RowPattern(part * d, d, 3 * d, 3 * d * heads));
        var names = new NameTable
        {
            { "embed", "transformer.word_embeddings" },
            { "embed_norm", "transformer.word_embeddings_layernorm" },
            { "layers.*.norm1", "transformer.h.*.input_layernorm" },
            { "layers.*.attention.q", Part(0) },
            { "layers.*.attention.k", Part(1) },
            { "layers.*.attention.v", Part(2) },
            { "layers.*.attention.o", "transformer.h.*.self_attention.dense" },
            { "layers.*.norm2", "transformer.h.*.post_attention_layernorm" },
            { "layers.*.mlp.up", "transformer.h.*.mlp.dense_h_to_4h" },
            { "layers.*.mlp.down", "transformer.h.*.mlp.dense_4h_to_h" },
            { "norm", "transformer.ln_f" },
            { "head", "lm_head" },
        };
        if (spec.Head.Tied)
            names.Waive(NameTable.TiedCopy, "lm_head.weight");
        return names.WithOptionalPrefix("transformer.");
    }
}
