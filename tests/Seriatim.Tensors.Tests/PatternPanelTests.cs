namespace Seriatim.Tensors.Tests;

/// <summary>Patterns of 16 bits in panels: every element where its row and column say, whatever the shape.</summary>
public sealed class PatternPanelTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(7, 9)]
    [InlineData(8, 8)]
    [InlineData(31, 32)]
    [InlineData(32, 33)]
    [InlineData(33, 71)]
    [InlineData(70, 40)]
    [InlineData(96, 64)]
    public void ElementsStandWhereTheyBelong(int rows, int columns)
    {
        ushort[] patterns = [.. Enumerable.Range(1, rows * columns).Select(i => (ushort)(i * 40503))];
        foreach (ParameterLayout layout in (ParameterLayout[])[ParameterLayout.Panels, ParameterLayout.RowMajor])
        {
            foreach (int first in (int[])[0, 1, 8, 29])
            {
                using var parameter = new Parameter("p", rows + first, columns, layout, DataType.BF16);
                parameter.WriteRows(first, patterns);
                float[] row = new float[columns];
                for (int r = 0; r < rows + first; r++)
                {
                    parameter.ReadRow(r, row);
                    for (int c = 0; c < columns; c++)
                    {
                        ushort wanted = r < first ? (ushort)0 : patterns[(r - first) * columns + c];
                        Assert.Equal(wanted, (ushort)(BitConverter.SingleToUInt32Bits(row[c]) >> 16));
                    }
                }
            }
        }
    }

    /// <summary>What nobody wrote is zero, the fillers of the last panel too, however often memory was used before.</summary>
    [Fact]
    public void FreshWeightsAreZeros()
    {
        for (int i = 0; i < 8; i++)
        {
            using var parameter = new Parameter("p", 45, 200_000, ParameterLayout.Panels, DataType.BF16);
            Assert.Equal(0, parameter.Data.Bytes % 64);
            unsafe
            {
                Assert.Equal(0, (nint)parameter.Data.Data % TensorPool.Alignment);
                var all = new Span<byte>(parameter.Data.Data, (int)parameter.Data.Bytes);
                Assert.Equal(-1, all.IndexOfAnyExcept((byte)0));
                all.Fill(0xEE);
            }
        }
    }
}
