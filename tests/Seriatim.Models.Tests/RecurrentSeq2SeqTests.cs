using System.Text;
using System.Text.Json.Nodes;

namespace Seriatim.Models.Tests;

/// <summary>
/// Encoder-decoders of LSTM and GRU: no published library has them, so the whole forward pass is written out here in plain
/// loops, from the papers' formulas; and what a config cannot mean is refused by its name.
/// </summary>
public sealed class RecurrentSeq2SeqTests
{
    private const int Vocabulary = 19;
    private static readonly int[][] Sources = [[3, 7, 1, 12], [5], [18, 2, 2, 9, 11, 4]];
    private static readonly int[][] Targets = [[0, 4, 8], [0, 17, 6, 6, 2], [0]];

    [Theory]
    [InlineData("lstm", "none", false, 1, 2)]
    [InlineData("lstm", "additive", true, 2, 2)]
    [InlineData("gru", "none", true, 1, 1)]
    [InlineData("gru", "dot", false, 2, 1)]
    [InlineData("gru", "additive", true, 1, 1)]
    [InlineData("gru", "additive", false, 1, 3)]
    public void LogitsAreThoseOfTheFormulasWrittenOut(string cell, string attention, bool both, int heads, int layers)
    {
        JsonObject config = Config(cell);
        (config["attention"], config["bidirectional"], config["attention_heads"]) = (attention, both, heads);
        (config["encoder_layers"], config["decoder_layers"]) = (3 - layers > 0 ? 3 - layers : 1, layers);
        using Model model = Make(config);
        using IDifferentiableOps ops = CpuOps.Create(2);
        var source = new RaggedBatchBuilder();
        foreach (int[] tokens in Sources)
            source.AddEncoder(tokens);
        RaggedBatch read = source.Build();
        using Tensor encoded = model.Encode(ops, read);
        var target = new RaggedBatchBuilder();
        for (int i = 0; i < Targets.Length; i++)
            target.Add(Targets[i], outputs: Outputs.All, encoder: new EncoderRows(read.Segments[i].FirstRow, Sources[i].Length));
        using Tensor hidden = model.Forward(ops, target.Build(), encoded);
        using Tensor logits = model.Project(ops, hidden);
        var plain = new Plain(model, cell == "lstm", attention, both, heads);
        double[][] expected = [.. Sources.Zip(Targets, plain.Logits).SelectMany(rows => rows)];
        for (int row = 0; row < expected.Length; row++)
        {
            for (int i = 0; i < Vocabulary; i++)
                Assert.Equal(expected[row][i], logits.Row(row)[i], 2e-5);
        }
    }

    [Fact]
    public void ADecoderThatBeginsFromTheEncoderNeedsItsRows()
    {
        JsonObject config = Config("gru");
        config["attention"] = "none";
        using Model model = Make(config);
        using IDifferentiableOps ops = CpuOps.Create(1);
        Assert.Contains("a decoder whose first state follows from the encoder needs them", Assert.Throws<ArgumentException>(() =>
            model.Forward(ops, new RaggedBatchBuilder().Add([1, 2]).Build())).Message);
        using MemoryPools pools = model.NewMemoryPools(4, 4, 4);
        using SequenceMemory memory = model.NewMemory(pools);
        Assert.True(memory.NeedsEncoder);
        Assert.Throws<ArgumentException>(() => new RaggedBatchBuilder().Add([1, 2], memory));
    }

    [Theory]
    [InlineData("cell", "\"rnn\"", "cell is \"rnn\"; \"lstm\" or \"gru\" is needed")]
    [InlineData("attention", "\"sparse\"", "attention is \"sparse\"; \"additive\", \"dot\" or \"none\" is needed")]
    [InlineData("hidden_size", "15", "hidden_size is 15; a bidirectional encoder halves it")]
    [InlineData("attention_heads", "5", "the number of heads is 5; a divisor of the hidden size 16 is needed")]
    [InlineData("tie_word_embeddings", "true", "embedding_size is 12; with tie_word_embeddings it must be hidden_size 16")]
    [InlineData("encoder_layers", "0", "encoder_layers is 0")]
    [InlineData("maxout", "true", "maxout")]
    public void WhatIsNotBuiltIsRefusedByName(string key, string value, string says)
    {
        JsonObject config = Config("gru");
        config[key] = JsonNode.Parse(value);
        Assert.Contains(says, Assert.Throws<UnsupportedConfigException>(() => Make(config).Dispose()).Message);
    }

    /// <summary>Layers that make rows of another width than the stack has, and those that cannot take other ones.</summary>
    [Fact]
    public void WidthsThatDoNotFitAreRefusedWithBothNumbers()
    {
        var mixer = new MixerSpec.Recurrent(GatedCell.Gru, 10);
        LayerSpec bare = RecurrentFamily.Bare(mixer);
        Refused([bare], 12, 12, "GRU of 10, makes rows of 10 features in a stack of 12");
        Refused([bare with { Residual = true }], 10, 8, "GRU of 10, takes rows of 8 features in a stack of 10");
        Refused([new LayerSpec(Placement.Pre, null, new MixerSpec.GatedRecurrence(10), null) { Residual = false }], 10, 8,
            "takes rows of 8 features in a stack of 10; a recurrent layer");
        Refused([RecurrentFamily.Bare(mixer with { Bidirectional = true })], 20, 20, "needs the whole sequence");
    }

    private static void Refused(LayerSpec[] layers, int width, int embedding, string says)
    {
        var stack = new StackSpec(Vocabulary, width, Visibility.Causal, layers)
        {
            EmbeddingWidth = embedding,
            ProjectsEmbedding = false,
        };
        var spec = new ModelSpec("tiny", ModelTask.CausalLanguageModel, null, stack, new HeadSpec(Vocabulary), 64);
        Assert.Contains(says, Assert.Throws<NotSupportedException>(() => Model.Build(
            spec, RecurrentFamily.Names(spec), new ModelConfig(), new RandomSource(1))).Message);
    }

    private static JsonObject Config(string cell) => new()
    {
        ["model_type"] = "rnn_seq2seq",
        ["cell"] = cell,
        ["vocab_size"] = Vocabulary,
        ["embedding_size"] = 12,
        ["hidden_size"] = 16,
        ["pad_token_id"] = 1,
    };

    private static Model Make(JsonObject config) =>
        Model.Create("config.json", Encoding.UTF8.GetBytes(config.ToJsonString()), new RandomSource(5, 0.3f));

    /// <summary>The model in plain loops, over its checkpoint's tensors.</summary>
    private sealed class Plain(Model model, bool lstm, string attention, bool both, int heads)
    {
        private readonly Dictionary<string, ExportedTensor> _tensors =
            CheckpointExporter.Data(model.Parameters).ToDictionary(t => t.Name);

        public double[][] Logits(int[] source, int[] target)
        {
            double[][] encoded = [.. source.Select(id => Row("embed.weight", id))];
            for (int layer = 0; layer < model.Spec.Encoder!.Layers.Count; layer++)
            {
                double[][] forwards = Scan(encoded, "encoder.rnn", layer, "", null);
                double[][] backwards = both
                    ? [.. Scan([.. encoded.Reverse()], "encoder.rnn", layer, "_reverse", null).Reverse()]
                    : [.. forwards.Select(_ => Array.Empty<double>())];
                encoded = [.. forwards.Zip(backwards, (a, b) => a.Concat(b).ToArray())];
            }

            int half = encoded[0].Length / 2;
            double[] whole = both ? [.. encoded[^1][..half], .. encoded[0][half..]] : encoded[^1];
            double[][] x = [.. target.Select(id => Row("embed.weight", id))];
            for (int layer = 0; layer < model.Spec.Decoder!.Layers.Count; layer++)
            {
                double[] start = Times($"decoder.start.{layer}", whole);
                x = Scan(x, "decoder.rnn", layer, "", [.. start.Select(Math.Tanh)]);
            }

            return [
                .. x.Select(h => Times("output", attention == "none" ? h : [.. h.Zip(Context(h, encoded), (a, b) => a + b)]))];
        }

        private double[] Context(double[] h, double[][] encoded)
        {
            double[] q = Times("decoder.attention.query", h);
            double[][] keys = [.. encoded.Select(e => Times("decoder.attention.key", e))];
            double[][] values = [.. encoded.Select(e => Times("decoder.attention.value", e))];
            int d = q.Length / heads;
            double[] mixed = new double[q.Length];
            for (int head = 0; head < heads; head++)
            {
                double[] weights = [.. keys.Select(k => Math.Exp(Enumerable.Range(head * d, d).Sum(i => attention == "dot"
                    ? q[i] * k[i] / Math.Sqrt(d)
                    : _tensors["decoder.attention.score"].Values[i] * Math.Tanh(q[i] + k[i]))))];
                for (int i = head * d; i < (head + 1) * d; i++)
                    mixed[i] = weights.Zip(values, (w, v) => w * v[i]).Sum() / weights.Sum();
            }

            return Times("decoder.attention.output", mixed);
        }

        private double[][] Scan(double[][] x, string module, int layer, string direction, double[]? start)
        {
            string Name(string kind) => $"{module}.{kind}_l{layer}{direction}";
            int width = (int)_tensors[Name("weight_hh")].Shape[1];
            double[] h = start?[..width] ?? new double[width], c = start is not null && lstm ? start[width..] : new double[width];
            var rows = new List<double[]>();
            foreach (double[] row in x)
            {
                double[] a = Times(Name("weight_ih"), Name("bias_ih"), row), b = Times(Name("weight_hh"), Name("bias_hh"), h);
                double Gate(int gate, int i) => 1 / (1 + Math.Exp(-a[gate * width + i] - b[gate * width + i]));
                (double[] nextH, double[] nextC) = (new double[width], new double[width]);
                for (int i = 0; i < width; i++)
                {
                    if (lstm)
                    {
                        nextC[i] = Gate(1, i) * c[i] + Gate(0, i) * Math.Tanh(a[2 * width + i] + b[2 * width + i]);
                        nextH[i] = Gate(3, i) * Math.Tanh(nextC[i]);
                        continue;
                    }

                    double n = Math.Tanh(a[2 * width + i] + Gate(0, i) * b[2 * width + i]);
                    nextH[i] = (1 - Gate(1, i)) * n + Gate(1, i) * h[i];
                }

                rows.Add(nextH);
                (h, c) = (nextH, nextC);
            }

            return [.. rows];
        }

        private double[] Row(string name, int row) =>
            [.. _tensors[name].Values.Chunk((int)_tensors[name].Shape[1]).ElementAt(row).Select(v => (double)v)];

        private double[] Times(string name, double[] x) => Times($"{name}.weight", $"{name}.bias", x);

        private double[] Times(string weight, string bias, double[] x)
        {
            float[]? b = _tensors.TryGetValue(bias, out ExportedTensor? vector) ? vector.Values : null;
            return [.. _tensors[weight].Values.Chunk(x.Length)
                .Select((row, o) => row.Zip(x, (w, v) => w * v).Sum() + (b?[o] ?? 0))];
        }
    }
}
