using System.Text.Json.Nodes;

namespace Seriatim.Models;

/// <summary>
/// ModernBERT (Warner et al., 2024): rotary positions, gated feed-forward layers, and a window on both sides in all layers but
/// every third, with a base of its own. Classifiers read the first row or the mean of all.
/// </summary>
internal sealed class ModernBertArchitecture : Architecture
{
    public override string ModelType => "modernbert";

    public override IReadOnlyList<string> ClassNames => BertFamily.Classes("ModernBert");

    internal override GgufMap Gguf { get; } = new()
    {
        Architecture = "modern-bert",
        Keys =
        [
            new("context_length", "max_position_embeddings"), new("embedding_length", "hidden_size"),
            new("block_count", "num_hidden_layers"), new("feed_forward_length", "intermediate_size"),
            new("attention.head_count", "num_attention_heads"),
            new("attention.layer_norm_epsilon", "norm_eps", GgufKind.Number),
            new GgufKey("rope.freq_base", "global_rope_theta", GgufKind.Number).Optional,
            new GgufKey("rope.freq_base_swa", "local_rope_theta", GgufKind.Number).Optional,
            new GgufKey("vocab_size", "vocab_size").Optional,
        ],
        Names = GgufNames,
        Read = ReadGguf,
        Write = WriteGguf,
    };

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        ModelTask task = BertFamily.TaskOf(className);
        (int width, int heads) = (config.Size("hidden_size"), config.Size("num_attention_heads"));
        int headDim = CommonKeys.HeadDim(config, width, heads);
        int context = config.Size("max_position_embeddings");
        config.Waive("norm_eps is what is read", "layer_norm_eps");
        config.Waive("a leftover of BERT: positions are rotary", "position_embedding_type");
        config.Waive("how the original code computes, not what", "deterministic_flash_attn", "reference_compile",
            "repad_logits_with_grad", "sparse_prediction", "sparse_pred_ignore_index");
        config.TrainingOnly("classifier_dropout");
        var norm = new NormSpec(NormKind.Layer, (float)config.Number(1e-5, "norm_eps"), config.Flag(false, "norm_bias"));
        MixerSpec.Attention[] kinds = Attention(config, heads, headDim);
        int count = config.Size("num_hidden_layers");
        string[] types = Kinds(config, count);
        var feedForward = new FeedForwardSpec.Gated(config.Size("intermediate_size"),
            CommonKeys.ReadActivation(config, "gelu", "hidden_activation"), config.Flag(false, "mlp_bias"));
        int vocabulary = config.Size("vocab_size");
        var stack = new StackSpec(vocabulary, width, Visibility.Full, CommonKeys.Layers(config, count, layer =>
        {
            MixerSpec.Attention attention = kinds[types[layer] == LayerKinds.Full ? 0 : 1];
            return new LayerSpec(Placement.Pre, norm, attention, feedForward) { NormsMixer = layer > 0 };
        }))
        {
            FrozenId = config.IdOrNull("pad_token_id"),
            EmbeddingNorm = norm,
            FinalNorm = norm,
        };
        return new ModelSpec(ModelType, task, stack, null, Head(config, task, vocabulary, norm), context)
        {
            Dropout = config.Dropout("embedding_dropout", attention: "attention_dropout", activation: "mlp_dropout"),
        };
    }

    public override NameTable TensorNames(ModelSpec spec)
    {
        var names = new NameTable
        {
            { "embed", "model.embeddings.tok_embeddings" },
            { "encoder.embed_norm", "model.embeddings.norm" },
            { "encoder.layers.*.norm1", "model.layers.*.attn_norm" },
            { "encoder.layers.*.attention.o", "model.layers.*.attn.Wo" },
            { "encoder.layers.*.norm2", "model.layers.*.mlp_norm" },
            { "encoder.layers.*.mlp.down", "model.layers.*.mlp.Wo" },
            { "encoder.norm", "model.final_norm" },
            { "head.transform", "head.dense" },
            { "head.norm", "head.norm" },
            { "head", spec.Task == ModelTask.MaskedLanguageModel ? "decoder" : "classifier" },
        };
        AddFused(names, spec, "model.layers.*.attn.Wqkv", "model.layers.*.mlp.Wi");
        if (spec.Task == ModelTask.Encoding)
        {
            return names.Waive("heads: rows are pooled by who asks for them", "head.*", "decoder.*", "classifier.*")
                .WithOptionalPrefix("model.");
        }

        return spec.Head.Tied ? names.Waive(NameTable.TiedCopy, "decoder.weight") : names;
    }

    private static HeadSpec Head(ConfigReader config, ModelTask task, int vocabulary, NormSpec norm)
    {
        Activation activation = CommonKeys.ReadActivation(config, "gelu", "classifier_activation");
        var transform = new HeadTransformSpec(activation, norm) { Bias = config.Flag(false, "classifier_bias") };
        string pooling = config.Text("cls", "classifier_pooling");
        if (pooling is not ("cls" or "mean"))
            throw config.Unsupported("classifier_pooling", pooling, "cls or mean is needed");
        bool tied = config.Flag(true, "tie_word_embeddings"), bias = config.Flag(true, "decoder_bias");
        return task switch
        {
            ModelTask.Encoding => new HeadSpec(0),
            ModelTask.SequenceClassification => new HeadSpec(config.Labels().Length)
            {
                Bias = true,
                Transform = transform,
                Pooling = pooling == "mean" ? HeadPooling.Mean : HeadPooling.Row,
            },
            ModelTask.TokenClassification => new HeadSpec(config.Labels().Length) { Bias = true, Transform = transform },
            ModelTask.QuestionAnswering => new HeadSpec(2) { Bias = true, Transform = transform },
            _ => new HeadSpec(vocabulary) { Tied = tied, Bias = bias, Transform = transform },
        };
    }

    /// <summary>That of layers whose rows see all, and that of the others.</summary>
    private static MixerSpec.Attention[] Attention(ConfigReader config, int heads, int headDim)
    {
        int around = config.SizeOrNull("local_attention") ?? 128;
        MixerSpec.Attention all = CommonKeys.MultiHead(heads, headDim, config.Flag(false, "attention_bias"));
        return
        [
            all with { Position = Rope(config, LayerKinds.Full, "global_rope_theta", 160000, headDim) },
            all with { Position = Rope(config, LayerKinds.Sliding, "local_rope_theta", 10000, headDim), Window = around / 2 + 1 },
        ];
    }

    private static PositionSpec.Rope Rope(ConfigReader config, string kind, string key, double usual, int headDim) =>
        RopeConfig.Read(config, new RopeKeys(headDim, config.Size("max_position_embeddings"))
        {
            Kind = kind,
            Theta = [key],
            DefaultTheta = usual,
        }).Rope;

    /// <summary>Layers 0, n, 2n, ... see all: unlike in other families the first one does.</summary>
    private static string[] Kinds(ConfigReader config, int count)
    {
        int? period = config.SizeOrNull("global_attn_every_n_layers");
        string[]? listed = LayerKinds.Read(config, count, LayerKinds.Full, LayerKinds.Sliding);
        string[] counted = [.. Enumerable.Range(0, count).Select(i =>
            i % (period ?? 3) == 0 ? LayerKinds.Full : LayerKinds.Sliding)];
        int other = listed is null || period is null
            ? -1
            : Array.FindIndex([.. listed.Zip(counted)], pair => pair.First != pair.Second);
        return other < 0
            ? listed ?? counted
            : throw config.Unsupported($"layer_types[{other}]", listed![other],
                $"global_attn_every_n_layers {period} makes layer {other} {counted[other]}; they must agree");
    }

    /// <summary>Adds q, k and v, and gate and up, one after another in one tensor each.</summary>
    private static void AddFused(NameTable names, ModelSpec spec, string attention, string feedForward)
    {
        NomicBertArchitecture.Fused(names, attention, spec.Encoder!.Width);
        int inner = spec.Encoder!.AgreedFeedForward<FeedForwardSpec.Gated>().Width;
        names.Add("encoder.layers.*.mlp.gate", new TensorPlace(feedForward, Rows: RowPattern.Run(0, inner, 2 * inner)));
        names.Add("encoder.layers.*.mlp.up", new TensorPlace(feedForward, Rows: RowPattern.Run(inner, inner, 2 * inner)));
    }

    private static NameTable GgufNames(ModelSpec spec)
    {
        var names = new NameTable
        {
            { "embed", "token_embd" },
            { "encoder.embed_norm", "token_embd_norm" },
            { "encoder.layers.*.norm1", "blk.*.attn_norm" },
            { "encoder.layers.*.attention.o", "blk.*.attn_output" },
            { "encoder.layers.*.norm2", "blk.*.ffn_norm" },
            { "encoder.layers.*.mlp.down", "blk.*.ffn_down" },
            { "encoder.norm", "output_norm" },
        };
        AddFused(names, spec, "blk.*.attn_qkv", "blk.*.ffn_up");
        return names;
    }

    private static void ReadGguf(GgufConfig config)
    {
        int heads = config.Required("attention.head_count");
        config.Only("attention.head_count_kv", heads, "the number of heads");
        if (config.Flag("attention.causal") != false)
            throw config.Unsupported("attention.causal", true, "false is needed: the model sees whole texts");
        if (config.Size("pooling_type") is > 4 and var pooling) // it changes no row
            throw config.Unsupported("pooling_type", pooling, "0 to 4 is needed");
        config.Only("rope.dimension_count", config.Required("embedding_length") / Math.Max(heads, 1), "the features of a head");
        config.Json["local_attention"] = config.Required("attention.sliding_window");
        config.Json["global_attn_every_n_layers"] = config.Size("attention.sliding_window_pattern") ?? 3;
        config.Json["architectures"] = new JsonArray("ModernBertModel");
    }

    private static void WriteGguf(GgufExport export)
    {
        StackSpec stack = export.Spec.Encoder!;
        export.Require(export.Spec.Task == ModelTask.Encoding, "architectures",
            $"the head of a {export.Spec.Task} is not written; name ModernBertModel there to write the encoder alone");
        export.RequireActivation(Activation.Gelu);
        MixerSpec.Attention[] layers = [.. stack.AttentionLayers().Select(found => found.Attention)];
        if (Array.Find(layers, layer => layer.Window > 0) is not { } local)
        {
            throw new UnsupportedConfigException(
                export.Spec.Family, ["local_attention"], "local_attention: GGUF files need a layer with a window.");
        }

        int every = Math.Max(1, Array.FindIndex(layers, 1, layer => layer.Window == 0));
        export.Set("attention.causal", false);
        export.Set("attention.sliding_window", (uint)(2 * (local.Window - 1)));
        export.Set("attention.sliding_window_pattern", (uint)(every == 1 ? layers.Length : every));
        export.SetDefault("rope.freq_base", (float)((PositionSpec.Rope)layers[0].Position).Theta);
        export.SetDefault("rope.freq_base_swa", (float)((PositionSpec.Rope)local.Position).Theta);
    }
}
