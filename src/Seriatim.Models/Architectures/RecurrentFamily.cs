namespace Seriatim.Models;

/// <summary>
/// Language models that are <c>torch.nn.LSTM</c> or <c>torch.nn.GRU</c> between an embedding and an output layer. Configs and
/// tensor names say so: <c>embed</c>, <c>rnn</c>, <c>output</c>. Nothing limits the context.
/// </summary>
internal static class RecurrentFamily
{
    /// <summary>A decoder of recurrent layers without norms and residuals.</summary>
    /// <param name="config">The config.</param>
    /// <param name="family">Its model type.</param>
    /// <param name="cell">The cell.</param>
    public static ModelSpec Model(ConfigReader config, string family, GatedCell cell)
    {
        config.Only("bidirectional", false);
        config.WaiveAt("states are not projected", "0", "proj_size");
        config.Waive("how the reference library lays a batch out", "batch_first");
        MixerSpec.Recurrent mixer = Mixer(config, cell, out int embedding);
        int vocabulary = config.Size("vocab_size");
        LayerSpec layer = Bare(mixer);
        var stack = new StackSpec(vocabulary, mixer.Width, Visibility.Causal,
            CommonKeys.Layers(config, config.Size("num_layers", "num_hidden_layers"), _ => layer))
        {
            EmbeddingWidth = embedding,
            ProjectsEmbedding = false,
            FrozenId = config.IdOrNull("pad_token_id"),
        };
        return new ModelSpec(
            family, ModelTask.CausalLanguageModel, null, stack, Head(config, vocabulary, mixer.Width, embedding), int.MaxValue)
        {
            Dropout = config.Dropout(residual: "dropout"),
        };
    }

    /// <summary>A layer that is its mixer and nothing else.</summary>
    public static LayerSpec Bare(MixerSpec mixer) => new(Placement.Pre, null, mixer, null) { Residual = false };

    /// <summary>The recurrence, and the width of the embedding.</summary>
    public static MixerSpec.Recurrent Mixer(ConfigReader config, GatedCell cell, out int embedding)
    {
        int width = config.Size("hidden_size");
        embedding = config.SizeOrNull("embedding_size") ?? width;
        long gates = (cell == GatedCell.Lstm ? 4L : 3L) * width;
        config.Product("hidden_size", width, gates, "features of all gates");
        config.Product("embedding_size", embedding, gates, "features of all gates");
        return new MixerSpec.Recurrent(cell, width) { Bias = config.Flag(true, "bias") };
    }

    /// <summary>The output layer.</summary>
    public static HeadSpec Head(ConfigReader config, int vocabulary, int width, int embedding)
    {
        bool tied = config.Flag(false, "tie_word_embeddings");
        if (tied && embedding != width)
        {
            throw config.Unsupported(
                "embedding_size", embedding, $"with tie_word_embeddings it must be hidden_size {width}");
        }

        return new HeadSpec(vocabulary) { Tied = tied, Bias = config.Flag(true, "output_bias") };
    }

    /// <summary>The names of torch.</summary>
    public static NameTable Names(ModelSpec spec)
    {
        var names = new NameTable { { "embed", "embed" }, { "head", "output" } };
        AddNames(names, "layers.*.recurrent", "rnn");
        return spec.Head.Tied ? names.Waive(NameTable.TiedCopy, "output.weight") : names;
    }

    /// <summary>The names of the layers of one torch module.</summary>
    /// <param name="names">Takes them.</param>
    /// <param name="path">The mixer's path.</param>
    /// <param name="module">The module's name.</param>
    public static void AddNames(NameTable names, string path, string module)
    {
        foreach ((string direction, string ending) in ((string, string)[])[("", ""), ("_back", "_reverse")])
        {
            foreach (string kind in (string[])["weight", "bias"])
            {
                names.Add($"{path}.input{direction}.{kind}", $"{module}.{kind}_ih_l*{ending}");
                names.Add($"{path}.state{direction}.{kind}", $"{module}.{kind}_hh_l*{ending}");
            }
        }
    }
}
