namespace Seriatim.Models.Tests;

/// <summary>Numbers that a storage type has no place for: NaN stays NaN in 16 bits, what would become infinite is refused.</summary>
public sealed class GgufOverflowTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("bf16")]
    [InlineData("f16")]
    public void NaNStaysNaN(string mix)
    {
        using Model model = With(BitConverter.UInt32BitsToSingle(0x7FFFFFFF));
        string path = Path.Combine(_folder.Path, "m.gguf");
        GgufModelWriter.Write(model, path, QuantizationMix.Parse(mix), "m", new Dictionary<string, object>());
        using Model again = Model.Load(path);
        float[] row = new float[8];
        Matrix(again).ReadRow(3, row);
        Assert.True(float.IsNaN(row[2]));
        Assert.Equal(7, row.Count(float.IsFinite));
    }

    [Theory]
    [InlineData("f16", 65520f, "F16")]
    [InlineData("bf16", 3.4e38f, "BF16")]
    public void WhatIsTooLargeIsRefused(string mix, float value, string type)
    {
        using Model model = With(value);
        string path = Path.Combine(_folder.Path, "m.gguf");
        string message = Assert.Throws<ArgumentException>(
            () => GgufModelWriter.Write(model, path, QuantizationMix.Parse(mix), "m", new Dictionary<string, object>())).Message;
        Assert.Contains("blk.0.attn_output.weight, row 3: value 2 is", message);
        Assert.Contains(type, message);
        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    private static Model With(float value)
    {
        Model model = TinyLlama.Create();
        float[] row = new float[8];
        Matrix(model).ReadRow(3, row);
        row[2] = value;
        Matrix(model).WriteRow(3, row);
        return model;
    }

    private static Parameter Matrix(Model model) => model.Parameters.First(p => p.Path.EndsWith("attention.o", StringComparison.Ordinal)
        || p.Place.Name.Contains("o_proj") || p.Place.Name.Contains("attn_output")).Parameter;
}
