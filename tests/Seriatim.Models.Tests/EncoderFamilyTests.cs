using System.Text;

namespace Seriatim.Models.Tests;

/// <summary>
/// Encoders and encoder-decoders without reference numbers of their own: with the same weights they are BERT, bit for bit, and
/// their tensors have the names of the published checkpoints.
/// </summary>
public sealed class EncoderFamilyTests
{
    private const string Bert = """
        {"architectures": ["BertForMaskedLM"], "vocab_size": 41, "hidden_size": 24, "num_hidden_layers": 3,
        "num_attention_heads": 3, "intermediate_size": 40, "max_position_embeddings": 32, "type_vocab_size": 2,
        "hidden_act": "gelu"}
        """;

    private const string DistilBert = """
        {"architectures": ["DistilBertForMaskedLM"], "vocab_size": 41, "dim": 24, "n_layers": 3, "n_heads": 3, "hidden_dim": 40,
        "max_position_embeddings": 32, "activation": "gelu", "sinusoidal_pos_embds": false, "tie_weights_": true,
        "qa_dropout": 0.1, "seq_classif_dropout": 0.2, "dropout": 0.1, "attention_dropout": 0.1}
        """;

    private const string Albert = """
        {"architectures": ["AlbertForMaskedLM"], "vocab_size": 41, "hidden_size": 24, "embedding_size": 24,
        "num_hidden_layers": 3, "num_attention_heads": 3, "intermediate_size": 40, "max_position_embeddings": 32,
        "type_vocab_size": 2, "hidden_act": "gelu", "num_hidden_groups": 1, "inner_group_num": 1, "gap_size": 0,
        "down_scale_factor": 1, "net_structure_type": 0, "num_memory_blocks": 0, "classifier_dropout_prob": 0.1}
        """;

    private const string Electra = """
        {"architectures": ["ElectraForMaskedLM"], "vocab_size": 41, "hidden_size": 24, "embedding_size": 24,
        "num_hidden_layers": 3, "num_attention_heads": 3, "intermediate_size": 40, "max_position_embeddings": 32,
        "type_vocab_size": 2, "hidden_act": "gelu", "summary_type": "first", "summary_use_proj": true,
        "summary_activation": "gelu", "summary_last_dropout": 0.1}
        """;

    private const string Seq2Seq = """
        "vocab_size": 41, "d_model": 24, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 3,
        "decoder_attention_heads": 3, "encoder_ffn_dim": 40, "decoder_ffn_dim": 40, "max_position_embeddings": 32,
        "is_encoder_decoder": true, "scale_embedding": true, "normalize_before": true, "add_final_layer_norm": true,
        """;

    private static readonly int[] Text = [2, 17, 5, 33, 8, 1, 40, 12, 3];

    [Theory]
    [InlineData(DistilBert)]
    [InlineData(Albert)]
    [InlineData(Electra)]
    public void WithTheSameWeightsItIsBert(string config)
    {
        using Model bert = Make(Bert, new RandomSource(5));
        using Model other = Make(config, new Copies(bert, new RandomSource(6)));
        using Model same = Make(Bert, new Copies(other, new Zeros()));
        Assert.Equal(Logits(same), Logits(other));
    }

    /// <summary>The layers of ALBERT have one set of weights, and its gradient is that of all of them.</summary>
    [Fact]
    public void SharedLayersGetTheGradientsOfAll()
    {
        using Model first = Make(Bert, new RandomSource(5));
        using Model albert = Make(Albert, new Copies(first, new RandomSource(6)));
        using Model bert = Make(Bert, new Copies(albert, new Zeros()));
        Assert.Single(albert.Parameters, p => p.Path.EndsWith("mlp.up", StringComparison.Ordinal) && p.Ending == ".weight");
        float[] shared = Gradients(albert, ["encoder.layers.0.mlp.up"])[0];
        float[][] own = Gradients(bert, [.. Enumerable.Range(0, 3).Select(layer => $"encoder.layers.{layer}.mlp.up")]);
        Assert.Equal(Logits(bert), Logits(albert));
        for (int i = 0; i < shared.Length; i++)
            Assert.Equal(own.Sum(layer => (double)layer[i]), shared[i], 1e-5);
    }

    [Fact]
    public void ANarrowEmbeddingIsProjectedAfterItsNorm()
    {
        using Model albert = Make(Albert.Replace("\"embedding_size\": 24", "\"embedding_size\": 10"), new RandomSource(6));
        (string Name, int Rows, int Columns)[] shapes = [.. albert.Parameters.Select(p =>
            (p.Place.Name, p.Parameter.Rows, p.Parameter.Columns))];
        Assert.Contains(("albert.embeddings.word_embeddings.weight", 41, 10), shapes);
        Assert.Contains(("albert.embeddings.position_embeddings.weight", 32, 10), shapes);
        Assert.Contains(("albert.embeddings.LayerNorm.weight", 1, 10), shapes);
        Assert.Contains(("albert.encoder.embedding_hidden_mapping_in.weight", 24, 10), shapes);
        Assert.Contains(("predictions.dense.weight", 10, 24), shapes);
        Assert.All(Logits(albert), logit => Assert.True(float.IsFinite(logit)));
    }

    /// <summary>Names taken from the published checkpoints, of the first layer.</summary>
    [Theory]
    [InlineData(DistilBert, "distilbert.embeddings.word_embeddings.weight distilbert.embeddings.position_embeddings.weight "
        + "distilbert.embeddings.LayerNorm.bias distilbert.transformer.layer.0.attention.q_lin.weight "
        + "distilbert.transformer.layer.0.attention.out_lin.bias distilbert.transformer.layer.0.sa_layer_norm.weight "
        + "distilbert.transformer.layer.0.ffn.lin1.weight distilbert.transformer.layer.0.ffn.lin2.bias "
        + "distilbert.transformer.layer.2.output_layer_norm.weight vocab_transform.weight vocab_layer_norm.bias "
        + "vocab_projector.bias")]
    [InlineData(Albert, "albert.encoder.albert_layer_groups.0.albert_layers.0.full_layer_layer_norm.weight "
        + "albert.encoder.albert_layer_groups.0.albert_layers.0.attention.query.bias "
        + "albert.encoder.albert_layer_groups.0.albert_layers.0.attention.dense.weight "
        + "albert.encoder.albert_layer_groups.0.albert_layers.0.attention.LayerNorm.bias "
        + "albert.encoder.albert_layer_groups.0.albert_layers.0.ffn.weight "
        + "albert.encoder.albert_layer_groups.0.albert_layers.0.ffn_output.bias predictions.bias predictions.LayerNorm.weight")]
    [InlineData(Electra, "electra.embeddings.word_embeddings.weight electra.encoder.layer.2.attention.self.query.weight "
        + "electra.encoder.layer.0.attention.output.LayerNorm.bias generator_predictions.dense.weight "
        + "generator_predictions.LayerNorm.weight generator_lm_head.bias")]
    [InlineData("{\"architectures\": [\"MBartForConditionalGeneration\"], " + Seq2Seq + "\"normalize_embedding\": true}",
        "model.shared.weight model.encoder.embed_positions.weight model.encoder.layernorm_embedding.weight "
        + "model.encoder.layers.0.self_attn.k_proj.bias model.encoder.layers.0.self_attn_layer_norm.weight "
        + "model.encoder.layer_norm.weight model.decoder.layers.0.encoder_attn.out_proj.weight "
        + "model.decoder.layers.0.encoder_attn_layer_norm.bias model.decoder.layers.0.fc1.weight "
        + "model.decoder.layers.0.final_layer_norm.weight model.decoder.layer_norm.bias final_logits_bias")]
    [InlineData("{\"architectures\": [\"PegasusForConditionalGeneration\"], " + Seq2Seq
        + "\"static_position_embeddings\": true, \"extra_pos_embeddings\": 1, \"activation_function\": \"relu\"}",
        "model.shared.weight model.encoder.layers.0.self_attn.q_proj.weight model.encoder.layer_norm.weight "
        + "model.decoder.layer_norm.weight final_logits_bias")]
    public void TensorsHaveThePublishedNames(string config, string names)
    {
        using Model model = Make(config, new RandomSource(1));
        HashSet<string> own = [.. model.Parameters.Select(p => p.Place.Name)];
        Assert.All(names.Split(' '), name => Assert.Contains(name, own));
    }

    /// <summary>Norms before the parts of a layer and one at the end: what both add to BART.</summary>
    [Fact]
    public void MBartAndPegasusNormFirst()
    {
        using Model mbart = Make(
            "{\"architectures\": [\"MBartForConditionalGeneration\"], " + Seq2Seq + "\"normalize_embedding\": true}",
            new RandomSource(1));
        using Model pegasus = Make("{\"architectures\": [\"PegasusForConditionalGeneration\"], " + Seq2Seq
            + "\"static_position_embeddings\": true}", new RandomSource(1));
        foreach (Model model in (Model[])[mbart, pegasus])
        {
            Assert.All((StackSpec[])[model.Spec.Encoder!, model.Spec.Decoder!], stack =>
            {
                Assert.Equal(Placement.Pre, stack.Layers[0].Placement);
                Assert.NotNull(stack.FinalNorm);
                Assert.Equal(MathF.Sqrt(24), stack.EmbeddingScale);
            });
        }

        Assert.NotNull(mbart.Spec.Encoder!.EmbeddingNorm);
        Assert.Null(pegasus.Spec.Encoder!.EmbeddingNorm);
        Assert.IsType<PositionSpec.Sinusoidal>(pegasus.Spec.Encoder!.Position);
        Assert.Equal(new PositionSpec.Learned(32, 2), mbart.Spec.Encoder!.Position);
    }

    public static IEnumerable<object[]> RowHeads =>
        from family in (string[])["Bert", "Roberta", "XLMRoberta", "Camembert", "DistilBert", "Albert", "Electra", "ModernBert"]
        from task in (string[])["TokenClassification", "QuestionAnswering", "SequenceClassification", "Model"]
        select new object[] { family, task };

    /// <summary>Each class has the head that its name says, on the rows of the encoder alone.</summary>
    [Theory]
    [MemberData(nameof(RowHeads))]
    public void HeadsAreThoseOfTheirClass(string family, string task)
    {
        string class_ = task == "Model" ? $"{family}Model" : $"{family}For{task}";
        string config = family switch
        {
            "DistilBert" => DistilBert,
            "Albert" => Albert,
            "Electra" => Electra,
            "ModernBert" => """
                {"architectures": ["BertForMaskedLM"], "vocab_size": 41, "hidden_size": 24, "num_hidden_layers": 2,
                "num_attention_heads": 3, "intermediate_size": 40, "max_position_embeddings": 32, "local_attention": 4,
                "classifier_pooling": "mean"}
                """,
            _ => Bert,
        };
        config = System.Text.RegularExpressions.Regex.Replace(config, "\\[\"[A-Za-z]+\"\\]", $"[\"{class_}\"]");
        config = config[..config.LastIndexOf('}')] + """, "id2label": {"0": "O", "1": "B-PER", "2": "I-PER"}}""";
        using Model model = Make(config, new RandomSource(3));
        Assert.Equal(task switch { "QuestionAnswering" => 2, "Model" => 0, _ => 3 }, model.Spec.Head.Outputs);
        if (task == "Model")
            return;
        Assert.Equal(task == "QuestionAnswering" ? 0 : 3, model.Config.Labels.Count);
        using IDifferentiableOps ops = CpuOps.Create(1);
        RaggedBatch batch = new RaggedBatchBuilder().AddEncoder(Text[..4]).AddEncoder(Text).Build();
        using Tensor hidden = model.Forward(ops, batch);
        using Tensor logits = model.Project(ops, hidden);
        Parameter weight = model.Parameters.Single(p => p is { Path: "head", Ending: ".weight" }).Parameter;
        Parameter bias = model.Parameters.Single(p => p is { Path: "head", Ending: ".bias" }).Parameter;
        using Tensor source = model.Spec.Head.Pooling == HeadPooling.Mean ? Means(ops, hidden, batch) : hidden.Retain();
        using Tensor features = model.HeadFeatures(ops, source);
        float[] row = features.ToArray(), scores = logits.ToArray(), w = new float[24], b = new float[weight.Rows];
        bias.ReadRow(0, b);
        for (int n = 0; n < hidden.Rows; n++)
        {
            for (int o = 0; o < weight.Rows; o++)
            {
                weight.ReadRow(o, w);
                Assert.Equal(w.Select((value, i) => (double)value * row[n * 24 + i]).Sum() + b[o],
                    scores[n * weight.Rows + o], 1e-4);
            }
        }
    }

    /// <summary>
    /// Groups of neighbouring layers, each a stack of its own that is run through again for each layer that is counted.
    /// </summary>
    /// <param name="groups">Groups.</param>
    /// <param name="inner">Layers of a group.</param>
    /// <param name="layers">For each layer in all the one whose weights it has.</param>
    /// <param name="names">Groups and layers within them, in the order of the tensors.</param>
    [Theory]
    [InlineData(1, 1, "0 0 0", "0.0")]
    [InlineData(2, 1, "0 0 2", "0.0 1.0")]
    [InlineData(3, 1, "0 1 2", "0.0 1.0 2.0")]
    [InlineData(1, 2, "0 1 0 1 0 1", "0.0 0.1")]
    [InlineData(2, 2, "0 1 0 1 4 5", "0.0 0.1 1.0 1.1")]
    public void GroupsOfLayers(int groups, int inner, string layers, string names)
    {
        using Model albert = Make(Grouped(groups, inner), new RandomSource(1));
        Assert.Equal(layers, string.Join(' ', albert.Spec.Encoder!.Layers.Select((layer, i) => layer.SharesWith ?? i)));
        Assert.Equal(names.Split(' ').Select(name => $"albert.encoder.albert_layer_groups.{name.Split('.')[0]}.albert_layers."
                + $"{name.Split('.')[1]}.ffn.weight"),
            albert.Parameters.Select(p => p.Place.Name).Where(name => name.EndsWith(".ffn.weight", StringComparison.Ordinal)));
        Assert.All(Logits(albert), logit => Assert.True(float.IsFinite(logit)));
    }

    [Theory]
    [InlineData(4, 1, "num_hidden_groups is 4; at most num_hidden_layers 3")]
    [InlineData(3, 2, "inner_group_num is 2; 1 is needed where every one of the 3 layers is a group")]
    public void GroupsThatDoNotFitAreRefused(int groups, int inner, string says) => Assert.Contains(says,
        Assert.Throws<UnsupportedConfigException>(() => Make(Grouped(groups, inner), new RandomSource(1))).Message);

    private static string Grouped(int groups, int inner) => Albert
        .Replace("\"num_hidden_groups\": 1", $"\"num_hidden_groups\": {groups}")
        .Replace("\"inner_group_num\": 1", $"\"inner_group_num\": {inner}");

    [Theory]
    [InlineData("\"classifier_pooling\": \"max\"", "classifier_pooling")]
    [InlineData("\"global_rope_theta\": 0", "rope_theta is 0")]
    [InlineData("\"num_attention_heads\": 5", "the number of heads is 5")]
    public void ModernBertRefusesWhatItCannotHonour(string change, string named)
    {
        string config = """
            {"architectures": ["ModernBertForMaskedLM"], "vocab_size": 41, "hidden_size": 24, "num_hidden_layers": 2,
            "intermediate_size": 40, "max_position_embeddings": 32,
            """ + (change.Contains("heads") ? "" : "\"num_attention_heads\": 3, ") + change + "}";
        Assert.Contains(named, Assert.Throws<UnsupportedConfigException>(() => Make(config, new RandomSource(1))).Message);
    }

    /// <summary>Encoders without a head go into GGUF and come back with the same bits; heads are refused by name.</summary>
    [Theory]
    [InlineData("""
        {"architectures": ["ModernBertModel"], "model_type": "modernbert", "vocab_size": 41, "hidden_size": 24,
        "num_hidden_layers": 4, "num_attention_heads": 3, "intermediate_size": 40, "max_position_embeddings": 32,
        "local_attention": 4}
        """)]
    [InlineData("""
        {"architectures": ["NomicBertModel"], "model_type": "nomic_bert", "vocab_size": 41, "n_embd": 24, "n_layer": 2,
        "n_head": 3, "n_inner": 40, "n_positions": 32, "type_vocab_size": 2, "rotary_emb_base": 1000,
        "activation_function": "swiglu"}
        """)]
    public void EncodersComeBackFromGguf(string config)
    {
        string path = Path.Combine(Directory.CreateTempSubdirectory("seriatim-enc-").FullName, "m.gguf");
        try
        {
            using Model model = Make(config, new RandomSource(4));
            GgufModelWriter.Write(model, path, QuantizationMix.Parse("f32"), "m", Tokens(41));
            using Model back = Model.Load(path);
            using IDifferentiableOps ops = CpuOps.Create(1);
            RaggedBatch batch = new RaggedBatchBuilder().AddEncoder(Text).Build();
            using Tensor expected = model.Forward(ops, batch), actual = back.Forward(ops, batch);
            Assert.Equal(expected.ToArray(), actual.ToArray());
            if (!config.Contains("Modern"))
                return;
            using Model head = Make(config.Replace("ModernBertModel", "ModernBertForMaskedLM"), new RandomSource(4));
            string other = path + ".refused";
            UnsupportedConfigException refused = Assert.Throws<UnsupportedConfigException>(() =>
                GgufModelWriter.Write(head, other, QuantizationMix.Parse("f32"), "m", Tokens(41)));
            Assert.Contains("MaskedLanguageModel", refused.Message);
            Assert.False(File.Exists(other));
        }
        finally
        {
            Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
        }
    }

    /// <summary>Options of the class that published models leave as they are.</summary>
    [Fact]
    public void NomicsBertIsReadWithTheOptionsOfItsClass()
    {
        const string Config = """
            {"architectures": ["NomicBertModel"], "vocab_size": 41, "n_embd": 24, "n_layer": 2, "n_head": 3, "n_inner": 40,
            "n_positions": 32, "rotary_emb_interleaved": true, "qkv_proj_bias": true, "mlp_fc1_bias": true, "mlp_fc2_bias": true,
            "activation_function": "geglu"}
            """;
        using Model model = Make(Config, new RandomSource(4));
        string[] names = [.. model.Parameters.Select(p => p.Place.Name)];
        Assert.Superset(new HashSet<string>
        {
            "encoder.layers.1.attn.Wqkv.bias", "encoder.layers.1.attn.out_proj.bias", "encoder.layers.1.mlp.fc11.bias",
            "encoder.layers.1.mlp.fc12.bias", "encoder.layers.1.mlp.fc2.bias",
        }, new HashSet<string>(names));
        LayerSpec layer = model.Spec.Encoder!.Layers[0];
        Assert.Equal(Activation.Gelu, Assert.IsType<FeedForwardSpec.Gated>(layer.FeedForward).Activation);
        var attention = (MixerSpec.Attention)layer.Mixer;
        Assert.Equal(RopePairing.Interleaved, ((PositionSpec.Rope)attention.Position).Pairing);
        var refused = Assert.Throws<UnsupportedConfigException>(
            () => Make(Config.Replace("\"mlp_fc1_bias\": true", "\"mlp_fc1_bias\": false"), new RandomSource(4)));
        Assert.Contains("mlp_fc2_bias", refused.Message);
    }

    private static Dictionary<string, object> Tokens(int count) => new()
    {
        ["tokenizer.ggml.tokens"] = Enumerable.Range(0, count).Select(i => $"t{i}").ToArray(),
    };

    private static Model Make(string config, IWeightSource source) =>
        Model.Create("test", Encoding.UTF8.GetBytes(config), source);

    private static float[] Logits(Model model)
    {
        using IDifferentiableOps ops = CpuOps.Create(1);
        using Tensor hidden = model.Forward(ops, new RaggedBatchBuilder().AddEncoder(Text).Build());
        using Tensor logits = model.Project(ops, hidden);
        return logits.ToArray();
    }

    private static float[][] Gradients(Model model, string[] paths)
    {
        using IDifferentiableOps ops = CpuOps.Create(1);
        using var tape = new Tape(ops);
        using Tensor hidden = model.Forward(tape, new RaggedBatchBuilder().AddEncoder(Text).Build());
        using Tensor loss = model.Loss(tape, hidden, Text, new CrossEntropyOptions());
        tape.Backward(loss);
        return [.. paths.Select(path =>
        {
            Parameter parameter = model.Parameters.Single(p => p.Path == path && p.Ending == ".weight").Parameter;
            float[] values = new float[parameter.Rows * parameter.Columns];
            for (int row = 0; row < parameter.Rows; row++)
                parameter.ReadGradientRow(row, values.AsSpan(row * parameter.Columns, parameter.Columns));
            return values;
        })];
    }

    /// <summary>The mean of the rows of each sequence, once for each of its rows.</summary>
    private static Tensor Means(IOps ops, Tensor hidden, RaggedBatch batch)
    {
        float[] rows = hidden.ToArray(), means = new float[rows.Length];
        foreach (Segment segment in batch.Segments)
        {
            for (int e = 0; e < hidden.Columns; e++)
            {
                double mean = Enumerable.Range(segment.FirstRow, segment.Rows).Average(n => (double)rows[n * hidden.Columns + e]);
                for (int n = segment.FirstRow; n < segment.FirstRow + segment.Rows; n++)
                    means[n * hidden.Columns + e] = (float)mean;
            }
        }

        return ops.Device.Upload(means, hidden.Rows, hidden.Columns);
    }
}
