namespace Seriatim.Models;

/// <summary>
/// What BART, Marian, mBART and Pegasus have in common: the original Transformer's layout with one embedding for everything.
/// </summary>
internal static class BartFamily
{
    /// <summary>Encoder, decoder and tied head with a stored constant bias.</summary>
    /// <param name="config">The config.</param>
    /// <param name="family">The model type.</param>
    /// <param name="position">What is added to the embeddings.</param>
    /// <param name="positions">Most positions of a sequence.</param>
    /// <param name="embeddingNorm">Whether a norm follows the embedding.</param>
    /// <param name="scaleEmbedding">Whether embeddings are scaled by sqrt(E) if the config does not say.</param>
    /// <param name="normFirst">Whether norms stand before the parts of a layer, and another after the last layer.</param>
    public static ModelSpec Model(
        ConfigReader config, string family, PositionSpec position, int positions, bool embeddingNorm, bool scaleEmbedding,
        bool normFirst = false)
    {
        int vocabulary = config.Size("vocab_size");
        config.Waive("that of the encoder, which is read", "num_hidden_layers");
        config.Only("normalize_before", normFirst);
        config.Only("normalize_embedding", embeddingNorm);
        config.Only("add_final_layer_norm", normFirst);
        config.Only("add_bias_logits", false);
        config.Only("tie_word_embeddings", true);
        config.Waive("an old spelling of forced_bos_token_id", "force_bos_token_to_be_generated");
        config.TrainingOnly("classifier_dropout", "classif_dropout", "encoder_layerdrop", "decoder_layerdrop");
        int width = config.Size("d_model", "hidden_size");
        Activation activation = CommonKeys.ReadActivation(config, "gelu", "activation_function");
        float scale = config.Flag(scaleEmbedding, "scale_embedding") ? MathF.Sqrt(width) : 1;
        var norm = new NormSpec(NormKind.Layer, 1e-5f, Bias: true);

        StackSpec Stack(string side, Visibility visibility, bool cross)
        {
            int heads = config.Size($"{side}_attention_heads");
            int headDim = CommonKeys.HeadDim(config, width, heads);
            MixerSpec.Attention attention = CommonKeys.MultiHead(heads, headDim, bias: true);
            var feedForward = new FeedForwardSpec.Dense(config.Size($"{side}_ffn_dim"), activation, Bias: true);
            Placement placement = normFirst ? Placement.Pre : Placement.Post;
            var layer = new LayerSpec(placement, norm, attention, feedForward, cross ? attention : null);
            return new StackSpec(vocabulary, width, visibility,
                CommonKeys.Layers(config, config.Size($"{side}_layers"), _ => layer))
            {
                EmbeddingScale = scale,
                FrozenId = config.IdOrNull("pad_token_id"),
                Position = position,
                EmbeddingNorm = embeddingNorm ? norm : null,
                FinalNorm = normFirst ? norm : null,
            };
        }

        return new ModelSpec(
            family, ModelTask.SequenceToSequence,
            Stack("encoder", Visibility.Full, false), Stack("decoder", Visibility.Causal, true),
            new HeadSpec(vocabulary) { Tied = true, ConstantBias = true }, positions)
        {
            SharedEmbedding = true,
            Dropout = config.Dropout("dropout", "dropout", "attention_dropout", "activation_dropout"),
        };
    }

    /// <summary>The names of both stacks.</summary>
    public static NameTable Names()
    {
        var names = new NameTable
        {
            { "embed", "model.shared" },
            { "head.constant_bias", new TensorPlace("final_logits_bias") { IsOptional = true } },
        };
        foreach (string stack in (ReadOnlySpan<string>)["encoder", "decoder"])
        {
            names.Add($"{stack}.positions", $"model.{stack}.embed_positions");
            names.Add($"{stack}.embed_norm", $"model.{stack}.layernorm_embedding");
            names.Add($"{stack}.norm", $"model.{stack}.layer_norm");
            AddAttention(names, $"{stack}.layers.*.attention", $"model.{stack}.layers.*.self_attn");
            names.Add($"{stack}.layers.*.norm1", $"model.{stack}.layers.*.self_attn_layer_norm");
            names.Add($"{stack}.layers.*.mlp.up", $"model.{stack}.layers.*.fc1");
            names.Add($"{stack}.layers.*.mlp.down", $"model.{stack}.layers.*.fc2");
            names.Add($"{stack}.layers.*.norm2", $"model.{stack}.layers.*.final_layer_norm");
        }

        AddAttention(names, "decoder.layers.*.cross", "model.decoder.layers.*.encoder_attn");
        names.Add("decoder.layers.*.cross_norm", "model.decoder.layers.*.encoder_attn_layer_norm");
        return names.Waive(NameTable.TiedCopy,
            "lm_head.weight", "model.encoder.embed_tokens.weight", "model.decoder.embed_tokens.weight");
    }

    private static void AddAttention(NameTable names, string path, string file)
    {
        names.Add($"{path}.q", $"{file}.q_proj");
        names.Add($"{path}.k", $"{file}.k_proj");
        names.Add($"{path}.v", $"{file}.v_proj");
        names.Add($"{path}.o", $"{file}.out_proj");
    }
}
