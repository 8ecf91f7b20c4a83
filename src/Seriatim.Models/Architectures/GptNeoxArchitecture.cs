namespace Seriatim.Models;

/// <summary>
/// GPT-NeoX (Black et al., 2022): a parallel residual, part of each head turns, queries, keys and values interleaved by head.
/// </summary>
internal sealed class GptNeoxArchitecture : Architecture
{
    public override string ModelType => "gpt_neox";

    public override IReadOnlyList<string> ClassNames => ["GPTNeoXForCausalLM"];

    internal override GgufMap Gguf { get; } = new()
    {
        Architecture = "gptneox",
        Keys =
        [
            new("context_length", "max_position_embeddings"), new("embedding_length", "hidden_size"),
            new("block_count", "num_hidden_layers"), new("feed_forward_length", "intermediate_size"),
            new("attention.head_count", "num_attention_heads"),
            new("attention.layer_norm_epsilon", "layer_norm_eps", GgufKind.Number),
            new GgufKey("vocab_size", "vocab_size").Optional,
            new GgufKey("use_parallel_residual", "use_parallel_residual", GgufKind.Flag).Optional,
            new GgufKey("rope.freq_base", "rope_theta", GgufKind.Number).Optional,
        ],
        Names = spec => GgufMap.WithFused(GgufMap.CommonNames(spec), spec.Decoder!.Width, spec.Decoder.Width),
        Read = config =>
        {
            int heads = config.Required("attention.head_count");
            config.Only("attention.head_count_kv", heads, "the number of heads");
            GgufRope.Read(config, config.Required("embedding_length") / Math.Max(heads, 1), partial: true);
            config.Json.TryAdd("partial_rotary_factor", 1.0);
            config.Json["attention_bias"] = config.Has("blk.0.attn_qkv.bias");
        },
        Write = export =>
        {
            MixerSpec.Attention attention = export.Spec.Decoder!.AgreedAttention();
            export.SetRope(attention, partial: true);
            export.SetDefault("use_parallel_residual", true);
            export.RequireActivation(Activation.Gelu, Activation.GeluTanh);
        },
    };

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        int width = config.Size("hidden_size");
        int heads = config.Size("num_attention_heads");
        int headDim = CommonKeys.HeadDim(config, width, heads);
        int vocabulary = config.Size("vocab_size");
        (PositionSpec.Rope rope, int context) = RopeConfig.Read(config, headDim, ["rotary_pct", "partial_rotary_factor"], 0.25,
            config.Size("max_position_embeddings"));
        bool bias = config.Flag(true, "attention_bias");
        config.TrainingOnly("classifier_dropout");

        var norm = new NormSpec(NormKind.Layer, (float)config.Number(1e-5, "layer_norm_eps"), Bias: true);
        MixerSpec.Attention attention = CommonKeys.MultiHead(heads, headDim, bias) with { Position = rope };
        var feedForward = new FeedForwardSpec.Dense(
            config.Size("intermediate_size"), CommonKeys.ReadActivation(config, "gelu", "hidden_act"), Bias: true);
        Placement placement = config.Flag(true, "use_parallel_residual") ? Placement.Parallel : Placement.Pre;
        var layer = new LayerSpec(placement, norm, attention, feedForward);
        var stack = new StackSpec(vocabulary, width, Visibility.Causal,
            CommonKeys.Layers(config, config.Size("num_hidden_layers"), _ => layer))
        {
            FinalNorm = norm,
        };
        var head = new HeadSpec(vocabulary) { Tied = config.Flag(false, "tie_word_embeddings") };
        return new ModelSpec(ModelType, ModelTask.CausalLanguageModel, null, stack, head, context)
        {
            Dropout = config.Dropout("hidden_dropout", "hidden_dropout", "attention_dropout"),
        };
    }

    public override NameTable TensorNames(ModelSpec spec)
    {
        MixerSpec.Attention attention = spec.Decoder!.AgreedAttention();
        (int heads, int d) = (attention.Heads, attention.HeadDim);
        TensorPlace Part(int part) =>
            new("gpt_neox.layers.*.attention.query_key_value", Rows: new RowPattern(part * d, d, 3 * d, 3 * d * heads));
        var names = new NameTable
        {
            { "embed", "gpt_neox.embed_in" },
            { "layers.*.norm1", "gpt_neox.layers.*.input_layernorm" },
            { "layers.*.attention.q", Part(0) },
            { "layers.*.attention.k", Part(1) },
            { "layers.*.attention.v", Part(2) },
            { "layers.*.attention.o", "gpt_neox.layers.*.attention.dense" },
            { "layers.*.norm2", "gpt_neox.layers.*.post_attention_layernorm" },
            { "layers.*.mlp.up", "gpt_neox.layers.*.mlp.dense_h_to_4h" },
            { "layers.*.mlp.down", "gpt_neox.layers.*.mlp.dense_4h_to_h" },
            { "norm", "gpt_neox.final_layer_norm" },
            { "head", "embed_out" },
        };
        if (spec.Head.Tied)
            names.Waive(NameTable.TiedCopy, "embed_out.weight");
        return names.Waive("causal masks and angles that early files store", "gpt_neox.layers.*.attention.bias",
            "gpt_neox.layers.*.attention.masked_bias", "gpt_neox.layers.*.attention.rotary_emb.inv_freq");
    }
}
