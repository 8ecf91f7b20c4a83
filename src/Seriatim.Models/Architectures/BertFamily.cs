namespace Seriatim.Models;

/// <summary>What BERT and its descendants have in common.</summary>
internal static class BertFamily
{
    /// <summary>The classes of a family: masked tokens, whole texts, tokens, answers, and the encoder alone.</summary>
    /// <param name="prefix">What their names begin with.</param>
    public static IReadOnlyList<string> Classes(string prefix) =>
    [
        $"{prefix}ForMaskedLM", $"{prefix}ForSequenceClassification", $"{prefix}ForTokenClassification",
        $"{prefix}ForQuestionAnswering", $"{prefix}Model",
    ];

    /// <summary>What a class is for, by the end of its name.</summary>
    /// <param name="className">The name.</param>
    public static ModelTask TaskOf(string className) => className switch
    {
        _ when className.EndsWith("ForSequenceClassification", StringComparison.Ordinal) => ModelTask.SequenceClassification,
        _ when className.EndsWith("ForTokenClassification", StringComparison.Ordinal) => ModelTask.TokenClassification,
        _ when className.EndsWith("ForQuestionAnswering", StringComparison.Ordinal) => ModelTask.QuestionAnswering,
        _ when className.EndsWith("Model", StringComparison.Ordinal) => ModelTask.Encoding,
        _ => ModelTask.MaskedLanguageModel,
    };

    /// <summary>The encoder and its head; positions start at <paramref name="offset"/> of the learned table.</summary>
    /// <param name="config">The config.</param>
    /// <param name="family">Its model type.</param>
    /// <param name="task">What the head is for.</param>
    /// <param name="offset">Row of the table of positions for position 0.</param>
    /// <param name="mixer">How rows see each other, by layer, heads and head dimension; null: all see all.</param>
    public static ModelSpec Model(
        ConfigReader config, string family, ModelTask task, int offset, Func<int, int, int, MixerSpec>? mixer = null) =>
        Build(config, family, task, Read(config, offset) with { Mixer = mixer });

    /// <summary>The shape that the usual keys say.</summary>
    /// <param name="config">The config.</param>
    /// <param name="offset">Row of the table of positions for position 0.</param>
    /// <param name="activation">The function of the feed-forward layers if the config does not say.</param>
    public static BertShape Read(ConfigReader config, int offset, string activation = "gelu")
    {
        int width = config.Size("hidden_size");
        config.Only("position_embedding_type", "absolute");
        config.TrainingOnly("classifier_dropout");
        return new BertShape(width, config.Size("num_attention_heads"), config.Size("num_hidden_layers"),
            config.Size("intermediate_size"), Positions(config, offset), offset)
        {
            EmbeddingWidth = width,
            TokenTypes = config.IdOrNull("type_vocab_size") ?? config.Size("type_vocab_size"),
            Epsilon = (float)config.Number(1e-12, "layer_norm_eps"),
            Activation = CommonKeys.ReadActivation(config, activation, "hidden_act"),
            Dropout = config.Dropout("hidden_dropout_prob", "hidden_dropout_prob", "attention_probs_dropout_prob"),
        };
    }

    /// <summary>Positions that a sequence may have, of those that the table has rows for.</summary>
    public static int Positions(ConfigReader config, int offset)
    {
        int positions = config.Size("max_position_embeddings") - offset;
        return positions >= 1
            ? positions
            : throw config.Unsupported("max_position_embeddings", positions + offset,
                $"more than {offset} are needed: positions start there");
    }

    /// <summary>The model of a shape.</summary>
    /// <param name="config">The config, for the vocabulary, the labels and the ids.</param>
    /// <param name="family">Its model type.</param>
    /// <param name="task">What the head is for.</param>
    /// <param name="shape">The shape.</param>
    public static ModelSpec Build(ConfigReader config, string family, ModelTask task, BertShape shape)
    {
        int vocabulary = config.Size("vocab_size");
        int headDim = CommonKeys.HeadDim(config, shape.Width, shape.Heads);
        var norm = new NormSpec(NormKind.Layer, shape.Epsilon, Bias: true);
        var feedForward = new FeedForwardSpec.Dense(shape.Inner, shape.Activation, Bias: true);
        MixerSpec.Attention all = CommonKeys.MultiHead(shape.Heads, headDim, bias: true);
        var stack = new StackSpec(vocabulary, shape.Width, Visibility.Full, CommonKeys.Layers(config, shape.Layers, layer =>
            new LayerSpec(Placement.Post, norm, shape.Mixer?.Invoke(layer, shape.Heads, headDim) ?? all, feedForward)
            {
                SharesWith = shape.SharesWith?.Invoke(layer),
            }))
        {
            FrozenId = config.IdOrNull("pad_token_id"),
            EmbeddingWidth = shape.EmbeddingWidth,
            FactorsEmbedding = shape.FactorsEmbedding ?? (shape.EmbeddingWidth != shape.Width),
            Position = new PositionSpec.Learned(shape.Positions, shape.Offset),
            TokenTypes = shape.TokenTypes,
            EmbeddingNorm = norm,
        };
        bool tied = config.Flag(true, "tie_word_embeddings");
        HeadSpec head = task switch
        {
            ModelTask.Encoding => new HeadSpec(0),
            ModelTask.SequenceClassification =>
                new HeadSpec(config.Labels().Length) { Bias = true, Transform = new HeadTransformSpec(shape.Pooler, null) },
            ModelTask.TokenClassification => new HeadSpec(config.Labels().Length) { Bias = true },
            ModelTask.QuestionAnswering => new HeadSpec(2) { Bias = true },
            _ => new HeadSpec(vocabulary)
            {
                Tied = tied,
                Bias = true,
                Transform = new HeadTransformSpec(shape.MaskedActivation ?? shape.Activation, norm)
                {
                    Width = shape.EmbeddingWidth == shape.Width ? null : shape.EmbeddingWidth,
                },
            },
        };
        return new ModelSpec(family, task, stack, null, head, shape.Positions) { Dropout = shape.Dropout };
    }

    /// <summary>The names of the encoder under the prefix of the base model.</summary>
    public static NameTable Names(string prefix)
    {
        var names = new NameTable
        {
            { "embed", $"{prefix}.embeddings.word_embeddings" },
            { "encoder.positions", $"{prefix}.embeddings.position_embeddings" },
            { "encoder.types", $"{prefix}.embeddings.token_type_embeddings" },
            { "encoder.embed_norm", $"{prefix}.embeddings.LayerNorm" },
            { "encoder.layers.*.attention.q", $"{prefix}.encoder.layer.*.attention.self.query" },
            { "encoder.layers.*.attention.k", $"{prefix}.encoder.layer.*.attention.self.key" },
            { "encoder.layers.*.attention.v", $"{prefix}.encoder.layer.*.attention.self.value" },
            { "encoder.layers.*.attention.o", $"{prefix}.encoder.layer.*.attention.output.dense" },
            { "encoder.layers.*.norm1", $"{prefix}.encoder.layer.*.attention.output.LayerNorm" },
            { "encoder.layers.*.mlp.up", $"{prefix}.encoder.layer.*.intermediate.dense" },
            { "encoder.layers.*.mlp.down", $"{prefix}.encoder.layer.*.output.dense" },
            { "encoder.layers.*.norm2", $"{prefix}.encoder.layer.*.output.LayerNorm" },
        };
        return names.Waive("counted, not stored", $"{prefix}.embeddings.position_ids");
    }

    /// <summary>The head of a model of tokens or of answers, which is a layer alone; false: it is of another task.</summary>
    public static bool AddRowHead(NameTable names, ModelSpec spec)
    {
        if (spec.Task is not (ModelTask.TokenClassification or ModelTask.QuestionAnswering))
            return false;
        names.Add("head", spec.Task == ModelTask.TokenClassification ? "classifier" : "qa_outputs");
        return true;
    }

    /// <summary>The head of BERT's masked language model.</summary>
    public static void AddMaskedHead(NameTable names, ModelSpec spec)
    {
        names.Add("head.transform", "cls.predictions.transform.dense");
        names.Add("head.norm", "cls.predictions.transform.LayerNorm");
        names.Add("head", "cls.predictions.decoder");
        names.Add("head.bias", "cls.predictions.bias");
        names.Waive("a copy of cls.predictions.bias", "cls.predictions.decoder.bias");
        if (spec.Head.Tied)
            names.Waive(NameTable.TiedCopy, "cls.predictions.decoder.weight");
    }

    /// <summary>The head of RoBERTa's masked language model.</summary>
    public static void AddRobertaHead(NameTable names, ModelSpec spec)
    {
        names.Add("head.transform", "lm_head.dense");
        names.Add("head.norm", "lm_head.layer_norm");
        names.Add("head", "lm_head.decoder");
        names.Add("head.bias", "lm_head.bias");
        names.Waive("a copy of lm_head.bias", "lm_head.decoder.bias");
        if (spec.Head.Tied)
            names.Waive(NameTable.TiedCopy, "lm_head.decoder.weight");
    }
}
