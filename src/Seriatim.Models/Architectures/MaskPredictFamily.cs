namespace Seriatim.Models;

/// <summary>
/// What the two public codes of Mask-Predict have in common: fairseq's Transformer, whose decoder sees whole targets.
/// </summary>
internal static class MaskPredictFamily
{
    /// <summary>Encoder, decoder and tied head.</summary>
    /// <param name="config">The config.</param>
    /// <param name="family">The model type.</param>
    /// <param name="norm">The norms of the layers.</param>
    /// <param name="activation">Of the feed-forward layers.</param>
    /// <param name="scale">Factor of a stack's embedding, by the stack's name.</param>
    /// <param name="position">Positions of a stack, by its name and their number.</param>
    public static ModelSpec Model(ConfigReader config, string family, NormSpec norm, Activation activation,
        Func<string, int, float> scale, Func<string, int, PositionSpec> position)
    {
        int vocabulary = config.Size("vocab_size");
        int width = config.Size("encoder_embed_dim");
        if (config.Size("decoder_embed_dim") is var other && other != width)
            throw config.Unsupported("decoder_embed_dim", other, $"encoder_embed_dim {width} is needed: the embedding is shared");
        config.Only("share_all_embeddings", true);
        config.Only("share_decoder_input_output_embed", true);
        config.Only("src_embedding_copy", false);
        config.Only("no_token_positional_embeddings", false);
        config.Only("adaptive_input", false);
        config.TrainingOnly("encoder_layerdrop", "decoder_layerdrop");
        int sources = config.Size("max_source_positions"), targets = config.Size("max_target_positions");

        StackSpec Stack(string side, int positions, bool cross)
        {
            int heads = config.Size($"{side}_attention_heads");
            MixerSpec.Attention attention =
                CommonKeys.MultiHead(heads, CommonKeys.HeadDim(config, width, heads), bias: true);
            bool before = config.Flag(false, $"{side}_normalize_before");
            var feedForward = new FeedForwardSpec.Dense(config.Size($"{side}_ffn_embed_dim"), activation, Bias: true);
            var layer = new LayerSpec(
                before ? Placement.Pre : Placement.Post, norm, attention, feedForward, cross ? attention : null);
            return new StackSpec(vocabulary, width, Visibility.Full,
                CommonKeys.Layers(config, config.Size($"{side}_layers"), _ => layer))
            {
                EmbeddingScale = scale(side, width),
                FrozenId = Pad(config),
                Position = position(side, positions),
                FinalNorm = before ? norm : null,
            };
        }

        return new ModelSpec(
            family, ModelTask.MaskedTranslation, Stack("encoder", sources, false), Stack("decoder", targets, true),
            new HeadSpec(vocabulary) { Tied = true }, Math.Max(sources, targets))
        {
            SharedEmbedding = true,
        };
    }

    /// <summary>The id of padding, from which positions are counted.</summary>
    public static int Pad(ConfigReader config) => config.IdOrNull("pad_token_id") ?? 1;

    /// <summary>The names that are the same in both, but those of attention and norms.</summary>
    /// <param name="attention">Adds the parts of attention, by path and by name in the file.</param>
    /// <param name="addNorm">Adds a norm, likewise.</param>
    /// <param name="encoderNorms">What the two norms of an encoder's layer are called.</param>
    /// <param name="lengths">What the table of lengths is called.</param>
    public static NameTable Names(Action<NameTable, string, string> attention, Action<NameTable, string, string> addNorm,
        (string First, string Second) encoderNorms, string lengths)
    {
        var names = new NameTable { { "embed", "encoder.embed_tokens" }, { "lengths", lengths } };
        foreach (string stack in (ReadOnlySpan<string>)["encoder", "decoder"])
        {
            string layers = $"{stack}.layers.*";
            (string first, string second) = stack == "encoder" ? encoderNorms : ("self_attn_layer_norm", "final_layer_norm");
            names.Add($"{stack}.positions", $"{stack}.embed_positions");
            attention(names, $"{layers}.attention", $"{layers}.self_attn");
            addNorm(names, $"{layers}.norm1", $"{layers}.{first}");
            addNorm(names, $"{layers}.norm2", $"{layers}.{second}");
            addNorm(names, $"{stack}.norm", $"{stack}.layer_norm");
            names.Add($"{layers}.mlp.up", $"{layers}.fc1");
            names.Add($"{layers}.mlp.down", $"{layers}.fc2");
        }

        attention(names, "decoder.layers.*.cross", "decoder.layers.*.encoder_attn");
        addNorm(names, "decoder.layers.*.cross_norm", "decoder.layers.*.encoder_attn_layer_norm");
        return names
            .Waive(NameTable.TiedCopy, "decoder.embed_tokens.weight", "decoder.output_projection.weight")
            .Waive("which version of its code wrote the file", "encoder.version", "decoder.version");
    }
}
