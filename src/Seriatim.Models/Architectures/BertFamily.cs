namespace Seriatim.Models;

/// <summary>What BERT and RoBERTa have in common.</summary>
internal static class BertFamily
{
    /// <summary>The encoder and its head; positions start at <paramref name="offset"/> of the learned table.</summary>
    /// <param name="config">The config.</param>
    /// <param name="family">Its model type.</param>
    /// <param name="task">What the head is for.</param>
    /// <param name="offset">Row of the table of positions for position 0.</param>
    /// <param name="mixer">How rows see each other, by layer, heads and head dimension; null: all see all.</param>
    public static ModelSpec Model(
        ConfigReader config, string family, ModelTask task, int offset, Func<int, int, int, MixerSpec>? mixer = null)
    {
        int width = config.Size("hidden_size");
        int heads = config.Size("num_attention_heads");
        int headDim = CommonKeys.HeadDim(config, width, heads);
        int vocabulary = config.Size("vocab_size");
        int positions = config.Size("max_position_embeddings") - offset;
        if (positions < 1)
            throw config.Unsupported("max_position_embeddings", positions + offset,
                $"more than {offset} are needed: positions start there");
        config.Only("position_embedding_type", "absolute");
        config.TrainingOnly("classifier_dropout");

        var norm = new NormSpec(NormKind.Layer, (float)config.Number(1e-12, "layer_norm_eps"), Bias: true);
        mixer ??= (_, heads, headDim) => CommonKeys.MultiHead(heads, headDim, bias: true);
        Activation activation = CommonKeys.ReadActivation(config, "gelu", "hidden_act");
        var feedForward = new FeedForwardSpec.Dense(config.Size("intermediate_size"), activation, Bias: true);
        var stack = new StackSpec(vocabulary, width, Visibility.Full,
            CommonKeys.Layers(config, config.Size("num_hidden_layers"),
                layer => new LayerSpec(Placement.Post, norm, mixer(layer, heads, headDim), feedForward)))
        {
            FrozenId = config.IdOrNull("pad_token_id"),
            Position = new PositionSpec.Learned(positions, offset),
            TokenTypes = config.IdOrNull("type_vocab_size") ?? config.Size("type_vocab_size"),
            EmbeddingNorm = norm,
        };
        bool tied = config.Flag(true, "tie_word_embeddings");
        HeadSpec head = task switch
        {
            ModelTask.Encoding => new HeadSpec(0),
            ModelTask.SequenceClassification =>
                new HeadSpec(config.Labels().Length) { Bias = true, Transform = new HeadTransformSpec(Activation.Tanh, null) },
            _ => new HeadSpec(vocabulary) { Tied = tied, Bias = true, Transform = new HeadTransformSpec(activation, norm) },
        };
        return new ModelSpec(family, task, stack, null, head, positions)
        {
            Dropout = config.Dropout("hidden_dropout_prob", "hidden_dropout_prob", "attention_probs_dropout_prob"),
        };
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

    /// <summary>The head of BERT's masked language model.</summary>
    public static void AddMaskedHead(NameTable names, ModelSpec spec)
    {
        names.Add("head.transform", "cls.predictions.transform.dense");
        names.Add("head.norm", "cls.predictions.transform.LayerNorm");
        names.Add("head", "cls.predictions.decoder");
        names.Add("head.bias", "cls.predictions.bias");
        names.Waive("a copy of cls.predictions.bias", "cls.predictions.decoder.bias");
        if (spec.Head.Tied)
            names.Waive("a copy of the tied embedding", "cls.predictions.decoder.weight");
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
            names.Waive("a copy of the tied embedding", "lm_head.decoder.weight");
    }
}
