using System.Text.Json.Nodes;

namespace Seriatim.Models;

/// <summary>
/// Gemma 3 (Gemma Team, 2025): Gemma 2 with normed heads of queries and keys in place of the caps, five layers with a window for
/// each that sees everything, and a base of rotary positions for each kind; as a text model alone, within one of texts and
/// pictures, or as an encoder for embeddings, whose rows see both ways.
/// </summary>
internal sealed class Gemma3Architecture : Architecture
{
    private const string Bare = "Gemma3TextModel";
    private const int UsualPattern = 6;
    private const double UsualBase = 1e6, UsualLocalBase = 1e4;

    /// <summary>
    /// Layers of the one model whose scores are scaled by the width over the heads; the format has no key for it.
    /// </summary>
    private const int LayersOfTheLargest = 62;

    public override string ModelType => "gemma3_text";

    public override IReadOnlyList<string> ClassNames => ["Gemma3ForCausalLM", Bare];

    internal override string NestedDefaults => """
        {"vocab_size": 262208, "hidden_size": 2304, "intermediate_size": 9216, "num_hidden_layers": 26, "num_attention_heads": 8,
        "num_key_value_heads": 4, "head_dim": 256, "max_position_embeddings": 131072, "rms_norm_eps": 1e-6,
        "query_pre_attn_scalar": 256, "sliding_window": 4096}
        """;

    internal override GgufMap Gguf { get; } = new()
    {
        Architecture = "gemma3",
        Keys =
        [
            .. Keys, new GgufKey("final_logit_softcapping", "final_logit_softcapping", GgufKind.Number).Optional,
        ],
        Names = spec => GgufMap.SandwichNames(spec, new ValueForm.Plus(1)),
        Read = ReadGguf,
        Write = export =>
        {
            GemmaFamily.RequireGguf(export);
            WriteGguf(export, export.Spec.Decoder!, window => window);
        },
    };

    /// <summary>EmbeddingGemma has an architecture of its own in files, without a head.</summary>
    private static GgufMap Embedding { get; } = new()
    {
        Architecture = "gemma-embedding",
        Keys = Keys,
        Names = spec => GgufMap.SandwichNames(spec with { Decoder = spec.Encoder }, new ValueForm.Plus(1)).Under("encoder"),
        Read = config =>
        {
            ReadGguf(config);
            if (config.Flag("attention.causal") == true)
                throw config.Unsupported("attention.causal", true, "false is needed: the model sees whole texts");
            if (config.Size("pooling_type") is > 4 and var pooling) // it changes no row
                throw config.Unsupported("pooling_type", pooling, "0 to 4 is needed");
            config.Json["use_bidirectional_attention"] = true;
            config.Json["architectures"] = new JsonArray(Bare);
        },
        Write = export =>
        {
            export.RequireActivation(Activation.GeluTanh);
            WriteGguf(export, export.Spec.Encoder!, window => 2 * (window - 1));
        },
    };

    private static IReadOnlyList<GgufKey> Keys =>
    [
        .. GgufMap.LlamaKeys, GgufMap.Window,
        new GgufKey("attention.sliding_window_pattern", "sliding_window_pattern").Optional,
        new GgufKey("rope.freq_base_swa", "rope_local_base_freq", GgufKind.Number).Optional,
    ];

    internal override IReadOnlyList<GgufMap> GgufMaps => [Gguf, Embedding];

    internal override GgufMap GgufOf(ModelSpec spec) => spec.Task == ModelTask.Encoding ? Embedding : Gguf;

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        int width = config.Size("hidden_size");
        bool bias = config.Flag(false, "attention_bias"), both = config.Flag(false, "use_bidirectional_attention");
        MixerSpec.Attention attention = LlamaFamily.Heads(config, width, usual: 256);
        NormSpec norm = LlamaFamily.Norm(config, offset: 1);
        attention = attention with
        {
            InputBias = bias,
            OutputBias = bias,
            Scale = (float)(1 / Math.Sqrt(config.Number(256, "query_pre_attn_scalar"))),
            SoftCap = (float)config.Number(0, "attn_logit_softcapping"),
            HeadNorm = new HeadNormSpec(norm, HeadNormOver.Head),
        };
        (MixerSpec.Attention full, MixerSpec.Attention sliding, int context) = Kinds(config, attention, both);
        string[] kinds = LayerKinds.ReadEvery(config, config.Size("num_hidden_layers"), LayerKinds.Sliding, LayerKinds.Full,
            UsualPattern, "sliding_window_pattern");
        FeedForwardSpec feedForward = GemmaFamily.FeedForward(config);
        ModelSpec spec = GemmaFamily.WithScale(LlamaFamily.Model(config, ModelType, width, context, i =>
            new LayerSpec(Placement.Sandwich, norm, kinds[i] == LayerKinds.Full ? full : sliding, feedForward)));
        if (both && className != Bare)
            throw config.Unsupported("use_bidirectional_attention", true,
                $"false is needed for a {className}, which writes texts");
        if (className == Bare && !both)
            throw config.Unsupported("use_bidirectional_attention", false, $"true is needed for a {Bare}, which embeds texts");
        double cap = config.Number(0, "final_logit_softcapping");
        return both
            ? spec with
            {
                Task = ModelTask.Encoding,
                Encoder = spec.Decoder! with { Visibility = Visibility.Full },
                Decoder = null,
                Head = new HeadSpec(0),
            }
            : spec with { Head = spec.Head with { SoftCap = (float)cap } };
    }

    public override NameTable TensorNames(ModelSpec spec)
    {
        NameTable names = GemmaFamily.Names(spec);
        return spec.Encoder is null ? names : names.Under("encoder").WithOptionalPrefix("model.");
    }

    /// <summary>
    /// A layer of each kind. A window of an encoder is as wide to both sides: of W rows half are seen on each.
    /// </summary>
    private static (MixerSpec.Attention Full, MixerSpec.Attention Sliding, int Context) Kinds(
        ConfigReader config, MixerSpec.Attention attention, bool both)
    {
        RopeKeys keys = LlamaFamily.Keys(config, attention.HeadDim);
        (PositionSpec.Rope wide, int context) = RopeConfig.Read(config,
            keys with { Kind = LayerKinds.Full, DefaultTheta = UsualBase });
        (PositionSpec.Rope narrow, _) = RopeConfig.Read(config, keys with
        {
            Kind = LayerKinds.Sliding,
            Theta = ["rope_local_base_freq"],
            DefaultTheta = UsualLocalBase,
            TakesScaling = false,
        });
        int window = config.SizeOrNull("sliding_window") ?? 4096;
        return (attention with { Position = wide },
            attention with { Position = narrow, Window = both ? window / 2 + 1 : window }, context);
    }

    /// <summary>Files may lack the base and the pattern of the window.</summary>
    private static void ReadGguf(GgufConfig config)
    {
        config.CopyWindow();
        if (config.Json["sliding_window"] is null)
        {
            throw config.Unsupported("attention.sliding_window", 0,
                "a window is needed: every sixth layer alone sees everything");
        }

        int headDim = LlamaFamily.ReadGguf(config);
        int heads = Math.Max(1, config.Required("attention.head_count"));
        config.Json["query_pre_attn_scalar"] = Scalar(
            config.Required("block_count"), config.Required("embedding_length"), heads, headDim);
    }

    private static void WriteGguf(GgufExport export, StackSpec stack, Func<int, int> fileWindow)
    {
        MixerSpec.Attention[] all = [.. stack.AttentionLayers().Select(layer => layer.Attention)];
        MixerSpec.Attention? sliding = Array.Find(all, attention => attention.Window > 0);
        MixerSpec.Attention full = Array.Find(all, attention => attention.Window == 0) ?? all[0];
        export.Require(full.Scale == (float)(1 / Math.Sqrt(Scalar(stack.Layers.Count, stack.Width, full.Heads, full.HeadDim))),
            "query_pre_attn_scalar", $"GGUF files of {export.Architecture} have no key for it");
        export.Set("attention.sliding_window_pattern",
            (uint)GgufPattern.Period(stack, layer => layer.Mixer is MixerSpec.Attention { Window: 0 }));
        export.Set("rope.freq_base_swa",
            (float)(((sliding?.Position as PositionSpec.Rope)?.Theta) ?? UsualLocalBase));
        export.SetDefault("rope.freq_base", (float)((PositionSpec.Rope)full.Position).Theta);
        export.SetDefault("attention.sliding_window",
            (uint)(sliding is null ? export.Spec.Context : fileWindow(sliding.Window)));
        LlamaFamily.WriteGguf(export, full, partial: false);
    }

    private static int Scalar(int layers, int width, int heads, int headDim) =>
        layers == LayersOfTheLargest ? width / heads : headDim;
}
