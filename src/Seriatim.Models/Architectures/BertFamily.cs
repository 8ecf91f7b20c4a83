namespace Seriatim.Models;

/// <summary>What BERT and RoBERTa have in common.</summary>
internal static class BertFamily
{
    /// <summary>The encoder and its head; positions start at <paramref name="offset"/> of the learned table.</summary>
    public static ModelSpec Model(ConfigReader config, string family, ModelTask task, int offset)
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
        MixerSpec.Attention attention = CommonKeys.MultiHead(heads, headDim, bias: true);
        Activation activation = CommonKeys.ReadActivation(config, "gelu", "hidden_act");
        var layer = new LayerSpec(
            Placement.Post, norm, attention, new FeedForwardSpec.Dense(config.Size("intermediate_size"), activation, Bias: true));
        var stack = new StackSpec(vocabulary, width, Visibility.Full,
            CommonKeys.Layers(config, config.Size("num_hidden_layers"), _ => layer))
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
}
