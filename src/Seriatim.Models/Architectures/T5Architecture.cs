namespace Seriatim.Models;

/// <summary>
/// T5 (Raffel et al., 2019), versions 1.0 and 1.1: relative biases shared by all layers, RMS norms, unscaled scores.
/// </summary>
internal sealed class T5Architecture : Architecture
{
    /// <summary>512 KB a head; published models have 128.</summary>
    private const int MostDistance = 1 << 16;

    public override string ModelType => "t5";

    public override IReadOnlyList<string> ClassNames => ["T5ForConditionalGeneration"];

    internal override GgufMap Gguf { get; } = new()
    {
        Architecture = "t5",
        Keys =
        [
            new("context_length", "n_positions"), new("embedding_length", "d_model"), new("block_count", "num_layers"),
            new GgufKey("decoder_block_count", "num_decoder_layers").Optional,
            new("feed_forward_length", "d_ff"), new("attention.head_count", "num_heads"), new("attention.key_length", "d_kv"),
            new("attention.layer_norm_rms_epsilon", "layer_norm_epsilon", GgufKind.Number),
            new("attention.relative_buckets_count", "relative_attention_num_buckets"),
            new GgufKey("decoder_start_token_id", "decoder_start_token_id").Optional,
            new GgufKey("vocab_size", "vocab_size").Optional,
        ],
        Names = GgufNames,
        Read = config =>
        {
            config.Only("attention.value_length", config.Required("attention.key_length"), "the length of keys");
            config.Waive("all norms are RMS norms", "attention.layer_norm_epsilon");
            config.Json["is_encoder_decoder"] = true;
            config.Json["feed_forward_proj"] = config.Has("enc.blk.0.ffn_gate.weight") ? "gated-gelu" : "relu";
        },
        Write = export =>
        {
            export.SetDefault("context_length", 512u);
            export.SetDefault("attention.relative_buckets_count", 32u);
            var position = (PositionSpec.RelativeBias)export.Spec.Decoder!.AgreedAttention().Position;
            export.Require(position.MaxDistance == 128, "relative_attention_max_distance",
                "GGUF files of t5 have no key for it; readers take 128");
            export.RequireActivation(IsGated(export.Spec) ? Activation.GeluTanh : Activation.Relu);
        },
    };

    /// <summary>
    /// Half of the buckets of an encoder are for either direction, and half of those for one distance each; the others go by the
    /// logarithm up to the largest distance. No tensor bounds that distance, while each head has a number for every one up to it.
    /// </summary>
    private static void CheckBuckets(ConfigReader config, int buckets, int distance)
    {
        if (buckets < 4)
            throw config.Unsupported("relative_attention_num_buckets", buckets, "at least 4 are needed, two for each direction");
        if (distance > MostDistance)
            throw config.Unsupported("relative_attention_max_distance", distance, $"at most {MostDistance} is read");
        if (distance <= buckets / 2)
        {
            throw config.Unsupported(
                "relative_attention_max_distance", distance, $"more than {buckets / 2}, half of the buckets, is needed");
        }
    }

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        int width = config.Size("d_model");
        int vocabulary = config.Size("vocab_size");
        int layers = config.Size("num_layers", "num_hidden_layers");
        int decoderLayers = config.SizeOrNull("num_decoder_layers") ?? layers;
        int buckets = config.SizeOrNull("relative_attention_num_buckets") ?? 32;
        int distance = config.SizeOrNull("relative_attention_max_distance") ?? 128;
        CheckBuckets(config, buckets, distance);
        config.Waive("relative positions have no longest one", "n_positions");
        config.TrainingOnly("classifier_dropout");

        var norm = new NormSpec(NormKind.Rms, (float)config.Number(1e-6, "layer_norm_epsilon"), Bias: false);
        int heads = config.Size("num_heads");
        var cross = new MixerSpec.Attention(heads, heads, config.Size("d_kv"), Scale: 1);
        FeedForwardSpec feedForward = FeedForward(config);
        var encoderLayer = new LayerSpec(Placement.Pre, norm,
            cross with { Position = new PositionSpec.RelativeBias(buckets, distance, Bidirectional: true) }, feedForward);
        var decoderLayer = new LayerSpec(Placement.Pre, norm,
            cross with { Position = new PositionSpec.RelativeBias(buckets, distance, Bidirectional: false) }, feedForward, cross);
        bool tied = config.Flag(true, "tie_word_embeddings");
        config.WaiveAt("what a tied head does and another does not", tied ? "true" : "false", "scale_decoder_outputs");
        LayerSpec[] encoder = CommonKeys.Layers(config, layers, _ => encoderLayer);
        LayerSpec[] decoder = CommonKeys.Layers(config, decoderLayers, _ => decoderLayer);
        return new ModelSpec(
            ModelType, ModelTask.SequenceToSequence,
            new StackSpec(vocabulary, width, Visibility.Full, encoder) { FinalNorm = norm },
            new StackSpec(vocabulary, width, Visibility.Causal, decoder) { FinalNorm = norm },
            new HeadSpec(vocabulary) { Tied = tied, Scale = tied ? 1 / MathF.Sqrt(width) : 1 },
            int.MaxValue)
        {
            SharedEmbedding = true,
            Dropout = config.Dropout("dropout_rate", "dropout_rate", "dropout_rate", "dropout_rate", "dropout_rate"),
        };
    }

    public override NameTable TensorNames(ModelSpec spec)
    {
        var names = new NameTable { { "embed", "shared" }, { "head", "lm_head" } };
        bool gated = IsGated(spec);
        AddStack(names, "encoder", feedForward: 1, gated);
        AddStack(names, "decoder", feedForward: 2, gated);
        names.Add("decoder.layers.*.cross_norm", "decoder.block.*.layer.1.layer_norm");
        foreach (string part in (ReadOnlySpan<string>)["q", "k", "v", "o"])
            names.Add($"decoder.layers.*.cross.{part}", $"decoder.block.*.layer.1.EncDecAttention.{part}");
        names.Waive(NameTable.TiedCopy, "encoder.embed_tokens.weight", "decoder.embed_tokens.weight");
        names.Waive("never read: attention to the encoder has no bias",
            "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight");
        return spec.Head.Tied ? names.Waive(NameTable.TiedCopy, "lm_head.weight") : names;
    }

    private static bool IsGated(ModelSpec spec) =>
        spec.Decoder!.Agreed("kind of feed-forward layer", layer => layer.FeedForward is FeedForwardSpec.Gated);

    private static void AddStack(NameTable names, string stack, int feedForward, bool gated)
    {
        names.Add($"{stack}.relative_bias", $"{stack}.block.0.layer.0.SelfAttention.relative_attention_bias");
        names.Add($"{stack}.layers.*.norm1", $"{stack}.block.*.layer.0.layer_norm");
        foreach (string part in (ReadOnlySpan<string>)["q", "k", "v", "o"])
            names.Add($"{stack}.layers.*.attention.{part}", $"{stack}.block.*.layer.0.SelfAttention.{part}");
        string mlp = $"{stack}.block.*.layer.{feedForward}";
        names.Add($"{stack}.layers.*.norm2", $"{mlp}.layer_norm");
        names.Add($"{stack}.layers.*.mlp.gate", $"{mlp}.DenseReluDense.wi_0");
        names.Add($"{stack}.layers.*.mlp.up", $"{mlp}.DenseReluDense.{(gated ? "wi_1" : "wi")}");
        names.Add($"{stack}.layers.*.mlp.down", $"{mlp}.DenseReluDense.wo");
        names.Add($"{stack}.norm", $"{stack}.final_layer_norm");
    }

    private static NameTable GgufNames(ModelSpec spec)
    {
        var names = new NameTable { { "embed", "token_embd" }, { "head", "output" } };
        foreach ((string stack, string file) in (ReadOnlySpan<(string, string)>)[("encoder", "enc"), ("decoder", "dec")])
        {
            names.Add($"{stack}.relative_bias", $"{file}.blk.0.attn_rel_b");
            names.Add($"{stack}.layers.*.norm1", $"{file}.blk.*.attn_norm");
            foreach (string part in (ReadOnlySpan<string>)["q", "k", "v", "o"])
                names.Add($"{stack}.layers.*.attention.{part}", $"{file}.blk.*.attn_{part}");
            names.Add($"{stack}.layers.*.norm2", $"{file}.blk.*.ffn_norm");
            foreach (string part in (ReadOnlySpan<string>)["gate", "up", "down"])
                names.Add($"{stack}.layers.*.mlp.{part}", $"{file}.blk.*.ffn_{part}");
            names.Add($"{stack}.norm", $"{file}.output_norm");
        }

        names.Add("decoder.layers.*.cross_norm", "dec.blk.*.cross_attn_norm");
        foreach (string part in (ReadOnlySpan<string>)["q", "k", "v", "o"])
            names.Add($"decoder.layers.*.cross.{part}", $"dec.blk.*.cross_attn_{part}");
        names.Waive("never read: attention to the encoder has no bias", "dec.blk.*.cross_attn_rel_b.weight");
        return spec.Head.Tied ? names.Waive(NameTable.TiedCopy, "output.weight") : names;
    }

    /// <summary>"relu", "gelu", or gated as "gated-gelu" (which means the tanh form) and "gated-silu".</summary>
    private static FeedForwardSpec FeedForward(ConfigReader config)
    {
        string name = config.Text("relu", "feed_forward_proj");
        bool gated = name.StartsWith("gated-", StringComparison.Ordinal);
        string function = name == "gated-gelu" ? "gelu_new" : gated ? name["gated-".Length..] : name;
        Activation activation = function switch
        {
            "relu" => Activation.Relu,
            "gelu" => Activation.Gelu,
            "gelu_new" => Activation.GeluTanh,
            "silu" => Activation.Silu,
            _ => throw config.Unsupported("feed_forward_proj", name, "relu, gelu, gated-gelu or gated-silu is needed"),
        };
        config.Only("dense_act_fn", function);
        config.Only("is_gated_act", gated);
        int inner = config.Size("d_ff");
        return gated
            ? new FeedForwardSpec.Gated(inner, activation, Bias: false)
            : new FeedForwardSpec.Dense(inner, activation, Bias: false);
    }
}
