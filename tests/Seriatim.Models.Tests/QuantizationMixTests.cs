namespace Seriatim.Models.Tests;

/// <summary>What <c>quantize</c> writes under each name is read back as what it was.</summary>
public sealed class QuantizationMixTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string> Names => [.. QuantizationMix.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void EveryNameWritesAFileThatIsReadBack(string name)
    {
        using Model model = Wide();
        string path = Path.Combine(_folder.Path, "m.gguf");
        GgufModelWriter.Write(model, path, QuantizationMix.Parse(name, pure: true), "m", new Dictionary<string, object>());
        using Model again = Model.Load(path, new ModelLoadOptions { Storage = WeightStorage.F32 });
        double error = 0, power = 0;
        foreach (ModelParameter parameter in model.Parameters)
        {
            Parameter same = again.Parameters.First(p => p.Path == parameter.Path).Parameter;
            float[] expected = new float[same.Columns], actual = new float[same.Columns];
            for (int row = 0; row < same.Rows; row++)
            {
                parameter.Parameter.ReadRow(row, expected);
                same.ReadRow(row, actual);
                error += expected.Zip(actual, (x, y) => ((double)x - y) * (x - y)).Sum();
                power += expected.Sum(x => (double)x * x);
            }
        }

        // Three values for each number are half as large as the numbers; nothing else leaves more than a third.
        Assert.InRange(error / power, 0, name.StartsWith("tq", StringComparison.Ordinal) ? 0.5 : 0.1);
    }

    [Fact]
    public void MicroscalingBlocksAreWrittenAsTheyAreEncoded()
    {
        using Model model = Wide();
        string path = Path.Combine(_folder.Path, "m.gguf");
        GgufModelWriter.Write(model, path, QuantizationMix.Parse("MXFP4"), "m", new Dictionary<string, object>());
        using GgufFile file = GgufFile.Open(path);
        Assert.Equal(38u, file.Metadata["general.file_type"]);
        GgufEntry entry = file.Entries.Single(e => e.Name == "blk.1.ffn_down.weight");
        Assert.Equal((GgmlType)39, entry.Type);
        Parameter matrix = model.Parameters.Single(p => p.Place.Name == "model.layers.1.mlp.down_proj.weight").Parameter;
        float[] row = new float[matrix.Columns];
        byte[] blocks = new byte[BlockType.MXFP4.Bytes(row.Length)];
        for (int i = 0; i < matrix.Rows; i++)
        {
            matrix.ReadRow(i, row);
            BlockType.MXFP4.Encode(row, blocks);
            Assert.True(blocks.AsSpan().SequenceEqual(file.Bytes(entry).Slice(i * blocks.Length, blocks.Length)));
        }
    }

    private static Model Wide() => TinyLlama.Create(TinyLlama.With(("hidden_size", 256), ("intermediate_size", 256)));
}
