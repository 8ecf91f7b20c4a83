using System.Runtime.InteropServices;

namespace Seriatim.Models.Tests;

/// <summary>NVFP4 in GGUF files: the scale of a whole tensor lies beside it, as the published converter writes it.</summary>
public sealed class GgufScaleTests
{
    private const string Gate = "blk.0.ffn_gate";

    [Theory]
    [InlineData(WeightPlacement.Packed)]
    [InlineData(WeightPlacement.Mapped)]
    public void The_scale_of_a_tensor_is_applied(WeightPlacement placement)
    {
        using var folder = new TempFolder();
        float[] values = Write(folder.Path, [0.00321f]);
        float[] row = new float[64];
        using (Model model = Model.Load(Path.Combine(folder.Path, "scaled.gguf"), new ModelLoadOptions { Placement = placement }))
        {
            QuantizedMatrix matrix = Assert.Single(model.Matrices);
            Assert.Equal((BlockType.NVFP4, 0.00321f), (matrix.Type, matrix.Scale));
            Assert.Contains(new TensorUse($"{Gate}.weight", "NVFP4", "NVFP4 blocks", false), model.TensorUses);
            Assert.Equal(
                [new SkippedTensor($"{Gate}.input_scale", "activations are not rounded to 4-bit floats")], model.SkippedTensors);
            matrix.ReadRow(3, row);
            Assert.Equal(values.Skip(3 * 64).Take(64).Select(v => v * 0.00321f), row);
        }

        using Model wide = Model.Load(Path.Combine(folder.Path, "scaled.gguf"),
            new ModelLoadOptions { Storage = WeightStorage.F32 });
        wide.Parameters.Single(p => p.Path == "layers.0.mlp.gate").Parameter.ReadRow(3, row);
        Assert.Equal(values.Skip(3 * 64).Take(64).Select(v => v * 0.00321f), row);
    }

    [Fact]
    public void Scales_of_another_number_are_named_with_both()
    {
        using var folder = new TempFolder();
        Write(folder.Path, [1, 2]);
        string message = Assert.Throws<CheckpointMismatchException>(() => Model.Load(Path.Combine(folder.Path,
            "scaled.gguf"))).Message;
        Assert.Contains($"{Gate}.scale has 2 numbers of F32; {Gate}.weight needs 1 of F32", message);
    }

    /// <summary>A llama whose gate is in blocks of NVFP4 with a scale; gives the values of the blocks alone.</summary>
    private static float[] Write(string folder, float[] scale)
    {
        string plain = Path.Combine(folder, "plain.gguf");
        using (Model model = TinyLlama.Create(TinyLlama.With(("hidden_size", 64), ("intermediate_size", 64),
            ("num_hidden_layers", 1))))
            GgufModelWriter.Write(model, plain, QuantizationMix.Parse("f32"), "tiny", new Dictionary<string, object>());
        using GgufCheckpoint checkpoint = GgufCheckpoint.Open(plain);
        var random = new Random(4);
        byte[] blocks = new byte[64 * 36];
        random.NextBytes(blocks);
        for (int i = 0; i < blocks.Length; i++)
            blocks[i] = i % 36 < 4 ? (byte)random.Next(0x7F) : blocks[i];
        float[] values = new float[64 * 64];
        BlockType.NVFP4.Decode(blocks, values);
        using GgufWriter writer = GgufWriter.Create(Path.Combine(folder, "scaled.gguf"), [.. checkpoint.Metadata],
        [
            .. checkpoint.Entries.Select(e => new GgufTensorSpec(e.Name, e.Name == $"{Gate}.weight" ? GgmlType.NVFP4 : e.Type,
                e.Shape)),
            new GgufTensorSpec($"{Gate}.scale", GgmlType.F32, [scale.Length]), new GgufTensorSpec($"{Gate}.input_scale",
                GgmlType.F32, [1]),
        ]);
        foreach (GgufEntry entry in checkpoint.Entries)
            writer.Append(entry.Name, entry.Name == $"{Gate}.weight" ? blocks : Bytes(checkpoint, entry));
        writer.Append($"{Gate}.scale", MemoryMarshal.AsBytes(scale.AsSpan()));
        writer.Append($"{Gate}.input_scale", BitConverter.GetBytes(1f));
        writer.Complete();
        return values;
    }

    private static unsafe ReadOnlySpan<byte> Bytes(GgufCheckpoint checkpoint, GgufEntry entry) =>
        new(checkpoint.Pointer(entry), (int)entry.ByteLength);
}
