using System.Text;

namespace Seriatim.Models.Tests;

/// <summary>
/// Matrices that become blocks of 8 bits when they are loaded: those of any kind of model, as a quantised file would have them.
/// </summary>
public sealed class BytesAtLoadTests : IDisposable
{
    private const string Marian = """
        {"architectures": ["MarianMTModel"], "model_type": "marian", "vocab_size": 40, "d_model": 64,
        "encoder_layers": 1, "decoder_layers": 1,
        "encoder_attention_heads": 4, "decoder_attention_heads": 4, "encoder_ffn_dim": 48,
        "decoder_ffn_dim": 96, "activation_function": "relu",
        "scale_embedding": true, "max_position_embeddings": 32, "decoder_start_token_id": 0, "pad_token_id": 0, "eos_token_id": 1}
        """;

    private readonly TempFolder _folder = new(), _cache = new();

    public void Dispose()
    {
        _folder.Dispose();
        _cache.Dispose();
    }

    [Fact]
    public void A_folder_computes_what_its_quantised_file_does()
    {
        string file = Path.Combine(_cache.Path, "small.gguf"), halves = Path.Combine(_cache.Path, "halves.gguf");
        using (Model made = TinyLlama.Create(TinyLlama.With(("hidden_size", 64), ("intermediate_size", 96),
            ("tie_word_embeddings", true))))
        {
            CheckpointWriter.Write(made, _folder.Path);
            GgufModelWriter.Write(made, file, QuantizationMix.Parse("q8_0", pure: true), "tiny",
                new Dictionary<string, object>());
            GgufModelWriter.Write(made, halves, QuantizationMix.Parse("f32"), "tiny", new Dictionary<string, object>());
        }

        using Model quantised = Model.Load(file);
        using Model exact = Model.Load(_folder.Path);
        float[] expected = Logits(quantised);
        Assert.NotEqual(Logits(exact), expected);
        foreach (string from in (string[])[_folder.Path, halves])
        {
            using Model loaded = Model.Load(from, new ModelLoadOptions { Storage = WeightStorage.Q8 });
            Assert.Equal(quantised.Matrices.Count, loaded.Matrices.Count);
            Assert.All(loaded.Matrices, matrix => Assert.Equal(BlockType.Q8_0, matrix.Type));
            Assert.Equal(expected, Logits(loaded));
        }
    }

    [Fact]
    public void An_encoder_decoder_keeps_what_is_no_whole_number_of_blocks()
    {
        using (Model made = Model.Create("config", Encoding.UTF8.GetBytes(Marian), new RandomSource(3)))
            CheckpointWriter.Write(made, _folder.Path);
        var options = new ModelLoadOptions { Storage = WeightStorage.Q8, PackCache = _cache.Path };
        using Model exact = Model.Load(_folder.Path);
        using Model first = Model.Load(_folder.Path, options);
        using Model second = Model.Load(_folder.Path, options);
        Assert.Equal(["encoder.layers.0.mlp.down"], exact.LinearPaths.Except(first.MatrixPaths).Where(path => path != "head"));
        Assert.Equal(first.TensorUses, second.TensorUses);
        Assert.Equal("Q8_0 blocks", first.TensorUses.Single(use => use.Name == "model.shared.weight").Used);
        for (int i = 0; i < first.Matrices.Count; i++)
        {
            float[] expected = Row(exact, first.MatrixPaths[i]), actual = new float[first.Matrices[i].Columns],
                again = new float[actual.Length];
            first.Matrices[i].ReadRow(1, actual);
            second.Matrices[i].ReadRow(1, again);
            byte[] blocks = new byte[BlockType.Q8_0.Bytes(expected.Length)];
            BlockType.Q8_0.Encode(expected, blocks);
            BlockType.Q8_0.Decode(blocks, expected);
            Assert.Equal(expected, actual);
            Assert.Equal(expected, again);
        }
    }

    private static float[] Row(Model model, string path)
    {
        Parameter parameter = model.Parameters.Single(p => p.Path == path && p.Ending == ".weight").Parameter;
        float[] row = new float[parameter.Columns];
        parameter.ReadRow(1, row);
        return row;
    }

    private static float[] Logits(Model model)
    {
        using IDifferentiableOps ops = CpuOps.Create(2);
        RaggedBatch batch = new RaggedBatchBuilder().Add([1, 5, 7], outputs: Outputs.All).Build();
        using Tensor hidden = model.Forward(ops, batch);
        using Tensor logits = model.Project(ops, hidden);
        return logits.ToArray();
    }
}
