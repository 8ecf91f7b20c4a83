using System.Text.Json;

namespace Seriatim.Conformance.Tests;

/// <summary>A model written as GGUF and read again, and back as a folder, is the same model, bit for bit.</summary>
public sealed class GgufRoundTripTests : IDisposable
{
    private const string FalconFactors = """
        , "ssm_multipliers": [0.7, 0.8, 0.6, 0.9, 0.75], "mlp_multipliers": [0.9, 0.6],
        "attention_in_multiplier": 1.2, "attention_out_multiplier": 0.9, "ssm_in_multiplier": 1.3, "ssm_out_multiplier": 0.8,
        "key_multiplier": 0.7, "embedding_multiplier": 5, "lm_head_multiplier": 0.5
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("seriatim-gguf-").FullName;

    public static IEnumerable<object[]> Decoders =>
        GoldenCases.Rows(c => c.Has("model.safetensors") || c.Has("model.safetensors.index.json"))
            .Where(row => row[1] is "cpu-512" or "none");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [GoldenTheory]
    [MemberData(nameof(Decoders))]
    public void GgufAndBackGivesTheSameBits(string name, string opsName)
    {
        GoldenCase golden = GoldenCases.Get(name);
        IOps ops = OpsUnderTest.Get(opsName);
        using JsonDocument config = golden.Json("config.json");
        using Model model = golden.Load(WeightStorage.F32, ops.Device);
        string file = Path.Combine(_folder, "model.gguf");
        try
        {
            GgufModelWriter.Write(model, file, QuantizationMix.Parse("f32"), name, new Dictionary<string, object>());
        }
        catch (UnsupportedConfigException refused)
        {
            // Families, windows and scalings that the format cannot hold are refused by name; the others must come through.
            Assert.True(GgufLimits.Refuses(golden.TextOf(config)) is not null, $"{name} was refused: {refused.Message}");
            Assert.False(File.Exists(file), refused.Message);
            return;
        }

        Assert.Null(GgufLimits.Refuses(golden.TextOf(config)));
        float[][] expected = Logits(model, ops);
        using Model again = Model.Load(file);
        float[][] read = Logits(again, ops);
        if (GgufLimits.Rounds(golden.TextOf(config)))
            Close.Check($"{name} as GGUF", [.. expected.SelectMany(row => row)], [.. read.SelectMany(row => row)], 1e-4);
        else
            Bits.Equal(expected, read, $"{name} as GGUF");
        CheckFolder(again, read, ops, name);
    }

    /// <summary>Families whose golden cases GGUF has no keys for, with the values its readers take.</summary>
    [Theory]
    [InlineData("t5", "\"relative_attention_max_distance\": 20", "\"relative_attention_max_distance\": 128")]
    [InlineData("gemma2", "\"query_pre_attn_scalar\": 20", "\"query_pre_attn_scalar\": 12")]
    [InlineData("mamba", "\"use_bias\": true, \"conv_kernel\": 3, \"intermediate_size\": 52", "\"conv_kernel\": 3")]
    [InlineData("falcon_mamba", "\"mixer_rms_eps\": 1e-6, \"expand\": 1", "\"mixer_rms_eps\": 1e-5, \"expand\": 2")]
    [InlineData("jamba", "\"mamba_dt_rank\": \"auto\"", "\"mamba_dt_rank\": 3")]
    [InlineData("jamba", "\"num_experts\": 5", "\"num_experts\": 1")]
    [InlineData("jamba", "\"expert_layer_period\": 2", "\"expert_layer_period\": 30")]
    [InlineData("falcon_h1", FalconFactors, ", \"mamba_norm_before_gate\": false")]
    [InlineData("granitemoehybrid-dense", "\"mamba_d_conv\": 3", "\"mamba_d_conv\": 4")]
    [InlineData("lfm2", "\"conv_bias\": true", "\"conv_bias\": false")]
    [InlineData("qwen3_5", "\"linear_conv_kernel_dim\": 3", "\"linear_conv_kernel_dim\": 4")]
    [InlineData("deepseek_v2", "\"routed_scaling_factor\": 1.5", "\"routed_scaling_factor\": 2")]
    public void TinyModelsComeThrough(string name, string from, string to)
    {
        IOps ops = OpsUnderTest.Get("cpu-512");
        using Model model = TinyModels.Make(name, json => json.Replace(from, to));
        string file = Path.Combine(_folder, "tiny.gguf");
        GgufModelWriter.Write(model, file, QuantizationMix.Parse("f32"), name, new Dictionary<string, object>());
        float[][] expected = Logits(model, ops);
        using Model again = Model.Load(file);
        Bits.Equal(expected, Logits(again, ops), name);
        CheckFolder(again, expected, ops, name);
    }

    /// <summary>What readers of the format would not apply is refused by the key that says it.</summary>
    [Theory]
    [InlineData("mamba", "use_bias", "", "")]
    [InlineData("mamba", "intermediate_size", "\"use_bias\": true, ", "")]
    [InlineData("falcon_mamba", "mixer_rms_eps", "\"expand\": 1", "\"expand\": 2")]
    [InlineData("falcon_h1", "embedding_multiplier", "", "")]
    [InlineData("lfm2", "conv_bias", "", "")]
    [InlineData("deepseek_v3", "rope_scaling", "\"mscale\": 1,", "\"mscale\": 2,")]
    [InlineData("qwen3_5", "layer_types", "\"full_attention_interval\": 3",
        "\"layer_types\": [\"full_attention\", \"linear_attention\", \"linear_attention\"]")]
    public void WhatReadersWouldNotApplyIsRefused(string name, string key, string from, string to)
    {
        using Model model = TinyModels.Make(name, from.Length == 0 ? null : json => json.Replace(from, to));
        string file = Path.Combine(_folder, "tiny.gguf");
        var refused = Assert.Throws<UnsupportedConfigException>(() =>
            GgufModelWriter.Write(model, file, QuantizationMix.Parse("f32"), name, new Dictionary<string, object>()));
        Assert.StartsWith(key, refused.Keys[0]);
        Assert.False(File.Exists(file));
    }

    /// <summary>
    /// Heads that stand in another order in the file: columns of blocks are opened and put in place, everything else stays as it
    /// is stored.
    /// </summary>
    [Fact]
    public void BlocksWhoseColumnsStandElsewhereAreOpened()
    {
        IOps ops = OpsUnderTest.Get("cpu-512");
        using Model model = TinyModels.Make("qwen3_5", json => json.Replace("\"hidden_size\": 40", "\"hidden_size\": 64")
            .Replace("\"linear_value_head_dim\": 18", "\"linear_value_head_dim\": 32"));
        string file = Path.Combine(_folder, "tiles.gguf");
        GgufModelWriter.Write(model, file, QuantizationMix.Parse("q8_0"), "tiles", new Dictionary<string, object>());
        using Model blocks = Model.Load(file);
        using Model opened = Model.Load(file, new ModelLoadOptions { Storage = WeightStorage.F32 });
        Assert.DoesNotContain(blocks.MatrixPaths, path => path.EndsWith("delta.o", StringComparison.Ordinal));
        Assert.Contains(blocks.MatrixPaths, path => path.EndsWith("delta.v", StringComparison.Ordinal));
        foreach ((string path, string ending) in model.Parameters.Select(p => (p.Path, p.Ending)))
            Close.Check($"{path}{ending}", Values(model, path, ending), Values(opened, path, ending), 0.02);

        // What stands in the file is the same for both: multiplied exactly, it makes the same logits.
        foreach ((string path, QuantizedMatrix matrix) in blocks.MatrixPaths.Zip(blocks.Matrices))
            Assert.Equal(Values(opened, path, ".weight"), Values(matrix));
        IOps exact = OpsUnderTest.Get("reference");
        float[] expected = [.. Logits(opened, exact).SelectMany(row => row)];
        Close.Check("exact products", expected, [.. Logits(blocks, exact).SelectMany(row => row)],
            2e-6 * expected.Max(Math.Abs));

        // What products of blocks lose besides is what rounding their rows to 8 bits can lose, and not nothing.
        var products = new RoundedProducts();
        Logits(blocks, new CapturingOps(ops, products));
        Assert.True(products.Count > 20 && products.Worst is > 0.001 and <= 1,
            $"of {products.Count} products the worst has {products.Worst} of the error that rounding explains");
    }

    private static float[] Values(QuantizedMatrix matrix)
    {
        float[] values = new float[matrix.Rows * matrix.Columns];
        for (int row = 0; row < matrix.Rows; row++)
            matrix.ReadRow(row, values.AsSpan(row * matrix.Columns, matrix.Columns));
        return values;
    }

    /// <summary>
    /// Holds every product of blocks against its weights multiplied in double. The rows of a product are rounded to 127 steps of
    /// the largest of 32 values, with the best factor for the codes: a block is at most <c>sqrt(32) · max / 254</c> away, and
    /// the product with the weights of the block by that times their length.
    /// </summary>
    private sealed class RoundedProducts : IOpWitness
    {
        public int Count { get; private set; }

        /// <summary>The largest error, as a part of what rounding explains.</summary>
        public double Worst { get; private set; }

        public void LayerBegins(Tensor x)
        {
        }

        public void LayerEnds(Tensor y)
        {
        }

        public void Called(OpView call)
        {
            if (call.Name is not ("Linear" or "LinearMany") || call.Operand("x") is not { } x)
                return;
            for (int i = 0; i < call.Weights.Count; i++)
            {
                var weight = (LinearWeight)call.Weights[i];
                if (weight.Parameters.All(p => p.Columns != weight.Inputs || p.Rows != weight.Outputs))
                    Check(x, weight, call.Results[i]);
            }
        }

        private void Check(Tensor x, LinearWeight weight, Tensor y)
        {
            Count++;
            float[] w = new float[weight.Inputs];
            for (int o = 0; o < weight.Outputs; o++)
            {
                weight.ReadRow(o, w);
                for (int n = 0; n < x.Rows; n++)
                {
                    float[] row = x.Row(n).ToArray();
                    double sum = weight.BiasOf(o), rounding = 0, size = 0;
                    for (int first = 0; first < w.Length; first += 32)
                    {
                        int count = Math.Min(32, w.Length - first);
                        double squares = 0, most = 0;
                        for (int k = first; k < first + count; k++)
                        {
                            sum += (double)w[k] * row[k];
                            size += Math.Abs((double)w[k] * row[k]);
                            squares += (double)w[k] * w[k];
                            most = Math.Max(most, Math.Abs(row[k]));
                        }

                        rounding += Math.Sqrt(32) * most / 254 * Math.Sqrt(squares);
                    }

                    Worst = Math.Max(Worst, Math.Abs(y.Row(n)[o] - sum) / (rounding + 1e-6 * size + 1e-12));
                }
            }
        }
    }

    private static float[] Values(Model model, string path, string ending)
    {
        Parameter parameter = model.Parameters.Single(p => p.Path == path && p.Ending == ending).Parameter;
        float[] values = new float[parameter.Rows * parameter.Columns];
        for (int row = 0; row < parameter.Rows; row++)
            parameter.ReadRow(row, values.AsSpan(row * parameter.Columns, parameter.Columns));
        return values;
    }

    [Fact]
    public void SplitFilesAreOneModel()
    {
        IOps ops = OpsUnderTest.Get("cpu-512");
        using Model model = TinyModels.Make("llama");
        string whole = Path.Combine(_folder, "whole.gguf");
        GgufModelWriter.Write(model, whole, QuantizationMix.Parse("f32"), "whole", new Dictionary<string, object>());
        using (GgufFile file = GgufFile.Open(whole))
        {
            for (int part = 0; part < 3; part++)
            {
                GgufEntry[] own = [.. file.Entries.Where((_, i) => i % 3 == part)];
                var keys = new Dictionary<string, object>(part == 0 ? file.Metadata : new Dictionary<string, object>())
                {
                    ["split.no"] = (ushort)part,
                    ["split.count"] = (ushort)3,
                    ["split.tensors.count"] = file.Entries.Count,
                };
                using GgufWriter writer = GgufWriter.Create(
                    Path.Combine(_folder, $"m-{part + 1:00000}-of-00003.gguf"), keys,
                    own.Select(e => new GgufTensorSpec(e.Name, e.Type, e.Shape)), version: 2);
                foreach (GgufEntry entry in own)
                    writer.Append(entry.Name, file.Bytes(entry));
                writer.Complete();
            }
        }

        using Model split = Model.Load(Path.Combine(_folder, "m-00001-of-00003.gguf"));
        Bits.Equal(Logits(model, ops), Logits(split, ops), "split");
    }

    private void CheckFolder(Model model, float[][] expected, IOps ops, string name)
    {
        string back = Path.Combine(_folder, "back");
        CheckpointWriter.Write(model, back);
        using Model folder = Model.Load(back);
        Bits.Equal(expected, Logits(folder, ops), $"{name} back in a folder");
    }

    /// <summary>Logits of a fixed text; the rows of an encoder without a head.</summary>
    internal static float[][] Logits(Model model, IOps ops)
    {
        int[] text = [.. Enumerable.Range(0, 23).Select(i => (i * 7 + 3) % Math.Min(90, model.Spec.Last.Vocabulary))];
        if (model.Spec.Decoder is null)
        {
            using Tensor read = model.Forward(ops, new RaggedBatchBuilder().AddEncoder(text).Build());
            using Tensor scored = model.Spec.Head.IsMissing ? read.Retain() : model.Project(ops, read);
            return Session.Rows(scored);
        }

        using Tensor? encoded = model.Spec.Encoder is null
            ? null
            : model.Encode(ops, new RaggedBatchBuilder().AddEncoder(text).Build());
        RaggedBatch batch = new RaggedBatchBuilder().Add(text, outputs: Outputs.All,
            encoder: encoded is null ? null : new EncoderRows(0, encoded.Rows)).Build();
        using Tensor hidden = model.Forward(ops, batch, encoded);
        using Tensor logits = model.Project(ops, hidden);
        return Session.Rows(logits);
    }
}
