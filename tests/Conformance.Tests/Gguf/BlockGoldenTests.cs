namespace Seriatim.Conformance.Tests;

/// <summary>Blocks decode to the values ggml gives them, bit for bit (signed zeros apart, as the README says).</summary>
public sealed class BlockGoldenTests
{
    public static IEnumerable<object[]> Blocks => GgufCases.Blocks;

    [GgufTheory]
    [MemberData(nameof(Blocks))]
    public void BlocksDecodeExactly(string name)
    {
        using SafetensorsFile file = SafetensorsFile.Open(GgufCases.Path(name, ".dequant.safetensors"));
        int tested = 0;
        foreach (SafetensorsEntry raw in file.Entries.Where(e => e.Name.EndsWith(".raw", StringComparison.Ordinal)))
        {
            string stem = raw.Name[..^4];
            var type = (GgmlType)file.ReadI32(file[stem + ".ggml_type"])[0];
            float[] expected = file.ReadF32(file[stem + ".values"]);
            byte[] blocks = file.Bytes(raw).ToArray();
            BlockType block = type.ToBlockType() ?? throw new InvalidOperationException($"{type} is not decoded");
            float[] actual = new float[expected.Length];
            block.Decode(blocks, actual);
            for (int i = 0; i < expected.Length; i++)
                Assert.True(expected[i] == actual[i], $"{stem}: value {i} is {actual[i]:G9}, expected {expected[i]:G9}");
            CheckMatrix(block, blocks, raw.Shape, actual, stem);
            tested++;
        }

        Assert.True(tested > 0, $"{name} has no blocks");
    }

    /// <summary>The packed and the mapped matrix hold the same values.</summary>
    private static unsafe void CheckMatrix(BlockType type, byte[] blocks, IReadOnlyList<long> shape, float[] expected, string what)
    {
        int rows = (int)shape[0];
        int columns = expected.Length / rows;
        float[] values = new float[columns];
        fixed (byte* start = blocks)
        {
            nint address = (nint)start;
            foreach (QuantizedPlacement placement in Enum.GetValues<QuantizedPlacement>())
            {
                using var matrix = QuantizedMatrix.Create(
                    what, type, rows, columns, placement, row => address + row * (int)(blocks.Length / rows));
                for (int row = 0; row < rows; row++)
                {
                    matrix.ReadRow(row, values);
                    for (int i = 0; i < columns; i++)
                        Assert.True(expected[row * columns + i] == values[i], $"{what}, {placement}: [{row}, {i}] is {values[i]:G9}");
                }
            }
        }
    }
}
