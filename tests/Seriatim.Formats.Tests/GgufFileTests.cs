namespace Seriatim.Formats.Tests;

public sealed class GgufFileTests
{
    public static TheoryData<string> GoodFiles => Shared.Files("golden", "*.gguf", "/negative/");

    [SharedTheory]
    [MemberData(nameof(GoodFiles))]
    public void EveryGoldenFileOpens(string relative)
    {
        using var file = GgufFile.Open(Shared.Path(relative));
        Assert.NotEmpty(file.Metadata);
        Assert.IsType<string>(file.Metadata["general.architecture"]);
        Assert.IsType<string[]>(file.Metadata["tokenizer.ggml.tokens"]);
        foreach (var entry in file.Entries)
        {
            Assert.Same(entry, file[entry.Name]);
            Assert.Equal(entry.ByteLength, file.Bytes(entry).Length);
            Assert.Equal(0, entry.Offset % file.Alignment);
            Assert.Equal(entry.ElementCount, entry.Shape.Aggregate(1L, (a, b) => a * b));
            Assert.Equal(entry.ByteLength, entry.ElementCount / entry.Shape[^1] * entry.RowBytes);
        }
    }

    public static TheoryData<string> DequantFiles => Shared.Files("golden/gguf", "*.dequant.safetensors");

    /// <summary>The golden files hold raw bytes of rows as they stand in the GGUF file: proof of offsets, shapes and sizes.</summary>
    [SharedTheory]
    [MemberData(nameof(DequantFiles))]
    public void RowsAreWhereTheGoldenBytesSayTheyAre(string relative)
    {
        using var golden = SafetensorsFile.Open(Shared.Path(relative));
        using var file = GgufFile.Open(Shared.Path(relative.Replace(".dequant.safetensors", ".gguf", StringComparison.Ordinal)));
        var checkedTensors = 0;
        foreach (var raw in golden.Entries.Where(entry => entry.Name.EndsWith(".raw", StringComparison.Ordinal)))
        {
            var name = raw.Name[..^".raw".Length];
            var type = (GgmlType)golden.ReadI32(golden[name + ".ggml_type"])[0];
            var values = golden[name + ".values"];
            Assert.Equal(raw.Shape[1], type.RowBytes(values.Shape[1]));
            if (name.StartsWith("edge.", StringComparison.Ordinal))
            {
                Assert.Equal((raw.Shape[1], values.Shape[1]), (type.TypeSize(), type.BlockSize()));
                continue;
            }
            var entry = file[name];
            Assert.Equal((type, values.Shape[1], raw.Shape[1]), (entry.Type, entry.Shape[^1], entry.RowBytes));
            Assert.True(file.Bytes(entry)[..(int)raw.ByteLength].SequenceEqual(golden.Bytes(raw)));
            checkedTensors++;
        }
        Assert.InRange(checkedTensors, 1, 2);
    }

    [SharedFact]
    public void ShapesAreSlowestAxisFirst()
    {
        using var file = GgufFile.Open(Shared.Path("golden", "gguf", "tiny-q8_0.gguf"));
        Assert.Equal([256L, 512L], file["blk.0.ffn_down.weight"].Shape.ToArray());
        Assert.Equal(GgmlType.Q8_0, file["blk.0.ffn_down.weight"].Type);
        Assert.Equal([256L], file["output_norm.weight"].Shape.ToArray());
        Assert.Equal((3u, 32u), (file.Version, file.Alignment));
        Assert.Equal(2u, file.Metadata["llama.block_count"]);
        Assert.Equal(1e-5f, file.Metadata["llama.attention.layer_norm_rms_epsilon"]);
        Assert.Equal(512, ((string[])file.Metadata["tokenizer.ggml.tokens"]).Length);
        Assert.Equal(512, ((float[])file.Metadata["tokenizer.ggml.scores"]).Length);
        Assert.False(file.TryGet("none", out _));
        Assert.Throws<ModelFormatException>(() => file["none"]);
    }

    /// <summary>Well-formed as a container: what is missing, the model reader must say.</summary>
    [SharedFact]
    public void AMissingModelKeyIsNotAMatterOfTheContainer()
    {
        using var file = GgufFile.Open(Shared.Path("golden", "gguf", "negative", "missing-key.gguf"));
        Assert.False(file.Metadata.ContainsKey("llama.block_count"));
        using var control = GgufFile.Open(Shared.Path("golden", "gguf", "negative", "control-valid.gguf"));
        Assert.True(control.Metadata.ContainsKey("llama.block_count"));
    }

    [Theory]
    [InlineData(2u)]
    [InlineData(3u)]
    public void VersionsTwoAndThreeAreRead(uint version)
    {
        using var folder = new TempFolder();
        var bytes = new GgufBytes(tensors: 2, keys: 1, version: version)
            .Key("general.alignment", 4).U32(64)
            .Tensor("b", GgmlType.Q4_0, 64, 32, 2)
            .Tensor("a", GgmlType.F16, 0, 3)
            .Data(64 + 36, alignment: 64);
        using var file = GgufFile.Open(folder.Write("a.gguf", bytes.ToArray()));
        Assert.Equal((version, 64u), (file.Version, file.Alignment));
        Assert.Equal(["b", "a"], file.Entries.Select(entry => entry.Name));
        Assert.Equal([2L, 32L], file["b"].Shape.ToArray());
        Assert.Equal((36L, 18L, 64L), (file["b"].ByteLength, file["b"].RowBytes, file["b"].ElementCount));
        Assert.Equal(64, file["b"].Offset - file["a"].Offset);
    }

    [Fact]
    public void EntriesOfOtherOrClosedFilesAreRefused()
    {
        using var folder = new TempFolder();
        var bytes = new GgufBytes(tensors: 1).Tensor("a", GgmlType.F32, 0, 1).Data(4).ToArray();
        var one = GgufFile.Open(folder.Write("one", bytes));
        using var two = GgufFile.Open(folder.Write("two", bytes));
        Assert.Throws<ArgumentException>(() => two.Bytes(one["a"]).Length);
        one.Dispose();
        Assert.Throws<ObjectDisposedException>(() => one.Bytes(one["a"]).Length);
    }

    [Theory]
    [InlineData(GgmlType.F32, 1, 4)]
    [InlineData(GgmlType.Q8_1, 32, 36)]
    [InlineData(GgmlType.Q2_K, 256, 84)]
    [InlineData(GgmlType.Q3_K, 256, 110)]
    [InlineData(GgmlType.Q4_K, 256, 144)]
    [InlineData(GgmlType.Q5_K, 256, 176)]
    [InlineData(GgmlType.Q6_K, 256, 210)]
    [InlineData(GgmlType.Q8_K, 256, 292)]
    [InlineData(GgmlType.IQ1_S, 256, 50)]
    [InlineData(GgmlType.IQ1_M, 256, 56)]
    [InlineData(GgmlType.IQ2_XXS, 256, 66)]
    [InlineData(GgmlType.IQ2_XS, 256, 74)]
    [InlineData(GgmlType.IQ2_S, 256, 82)]
    [InlineData(GgmlType.IQ3_XXS, 256, 98)]
    [InlineData(GgmlType.IQ3_S, 256, 110)]
    [InlineData(GgmlType.IQ4_XS, 256, 136)]
    [InlineData(GgmlType.TQ1_0, 256, 54)]
    [InlineData(GgmlType.TQ2_0, 256, 66)]
    [InlineData(GgmlType.MXFP4, 32, 17)]
    [InlineData(GgmlType.NVFP4, 64, 36)]
    public void BlockSizes(GgmlType type, int values, int bytes)
    {
        Assert.Equal((values, bytes), (type.BlockSize(), type.TypeSize()));
        Assert.Equal(3L * bytes, type.RowBytes(3L * values));
        if (values > 1)
            Assert.Throws<ArgumentException>(() => type.RowBytes(values + 1));
        Assert.Equal(values > 1, type.IsQuantized());
    }

    [Fact]
    public void EveryTypeHasASize()
    {
        foreach (var type in Enum.GetValues<GgmlType>())
            Assert.True(type.BlockSize() > 0 && type.TypeSize() > 0);
        Assert.Throws<ArgumentOutOfRangeException>(() => ((GgmlType)4).BlockSize());
    }
}
