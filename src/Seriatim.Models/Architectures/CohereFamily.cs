namespace Seriatim.Models;

/// <summary>
/// What the models of Cohere have in common: both parts read one norm, pairs of neighbours turn, logits are scaled.
/// </summary>
internal static class CohereFamily
{
    /// <summary>The keys of GGUF files.</summary>
    public static IReadOnlyList<GgufKey> Keys { get; } =
    [
        .. GgufMap.LlamaKeys.Where(key => key.ConfigKey != "rms_norm_eps"),
        new("attention.layer_norm_epsilon", "layer_norm_eps", GgufKind.Number),
        new GgufKey("logit_scale", "logit_scale", GgufKind.Number).Optional,
    ];

    /// <summary>The attention of a layer that turns, and the context.</summary>
    public static (MixerSpec.Attention Attention, int Context) Attention(ConfigReader config, int width)
    {
        bool bias = config.Flag(false, "attention_bias");
        (MixerSpec.Attention attention, int context) = LlamaFamily.Attention(config, width, rope: keys => keys with
        {
            Part = ["rotary_pct", "partial_rotary_factor"],
            Pairing = RopePairing.Interleaved,
        });
        config.WaiveAt("both parts read one norm, as they are built", "true", "use_parallel_block");
        config.WaiveAt("the feed-forward layer is gated, as it is built", "true", "use_gated_activation");
        config.WaiveAt("says what tie_word_embeddings says", "true", "use_embedding_sharing");
        config.Waive("how the embedding is spread over devices", "use_parallel_embedding");
        config.WaiveAt("neighbours turn, as they are built", "\"rope_gptj\"", "position_embedding_type");
        config.WaiveAt("norms have no bias", "false", "layer_norm_bias");
        return (attention with { InputBias = bias, OutputBias = bias }, context);
    }

    /// <summary>The norm of layers.</summary>
    public static NormSpec Norm(ConfigReader config) =>
        new(NormKind.Layer, (float)config.Number(1e-5, "layer_norm_eps"), Bias: false);

    /// <summary>The model, whose logits are scaled.</summary>
    public static ModelSpec Model(
        ConfigReader config, string family, int width, int context, Func<int, MixerSpec.Attention> attention)
    {
        NormSpec norm = Norm(config);
        FeedForwardSpec feedForward = LlamaFamily.FeedForward(config);
        ModelSpec spec = LlamaFamily.Model(config, family, width, context,
            i => new LayerSpec(Placement.ParallelOfOne, norm, attention(i), feedForward));
        return spec with { Head = spec.Head with { Scale = (float)config.Number(0.0625, "logit_scale") } };
    }

    /// <summary>Names in Hugging Face files.</summary>
    public static NameTable Names(ModelSpec spec)
    {
        NameTable names = LlamaFamily.NamesWithoutNorms(spec);
        names.Add("layers.*.norm1", "model.layers.*.input_layernorm");
        return names;
    }

    /// <summary>Writes what both kinds of files hold.</summary>
    public static void WriteGguf(GgufExport export, MixerSpec.Attention attention)
    {
        export.Require(export.Spec.Head.Tied, "tie_word_embeddings",
            $"GGUF files of {export.Architecture} have no output tensor; readers take the embedding");
        export.SetDefault("logit_scale", export.Spec.Head.Scale);
        LlamaFamily.WriteGguf(export, attention, partial: true);
    }

    /// <summary>Reads it.</summary>
    public static void ReadGguf(GgufConfig config)
    {
        LlamaFamily.ReadGguf(config, partial: true);
        config.Json.TryAdd("logit_scale", 1.0);
        config.Json["attention_bias"] = config.Has("blk.0.attn_q.bias");
    }
}
