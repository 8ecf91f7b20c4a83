namespace Seriatim.Tensors.Tests;

/// <summary>
/// Products with quantised weights are the same bits for all instructions, placements, threads and numbers of rows, and those of a
/// scalar loop that says what they mean.
/// </summary>
public sealed class QuantizedProductTests
{
    public static IEnumerable<object[]> Types => BlockFormats.All.Select(type => new object[] { type });

    [Theory]
    [MemberData(nameof(Types))]
    public unsafe void EveryPathGivesTheBitsOfTheScalarLoop(BlockType type)
    {
        foreach ((int rows, int outputs, int inputs) in Shapes(type))
        {
            byte[] blocks = BlockFormatTests.Encoded(type, BlockFormatTests.Normal(outputs * inputs, 11));
            using Tensor x = Tensor.From(BlockFormatTests.Normal(rows * inputs, 12), rows, inputs);
            float[] bias = BlockFormatTests.Normal(outputs, 13);
            fixed (byte* start = blocks)
            {
                nint address = (nint)start;
                int rowBytes = blocks.Length / outputs;
                using var first = QuantizedMatrix.Create("w", type, outputs, inputs, QuantizedPlacement.Mapped, row => address + row * rowBytes);
                float[] expected = Scalar(x, first, bias);
                foreach (QuantizedPlacement placement in Enum.GetValues<QuantizedPlacement>())
                {
                    using var matrix = QuantizedMatrix.Create("w", type, outputs, inputs, placement, row => address + row * rowBytes);
                    foreach (DotKind dot in DotKinds.Supported)
                        Check(expected, x, matrix, bias, dot, $"{type}, {rows} x {outputs} x {inputs}, {placement}, {dot}");
                }
            }
        }
    }

    /// <summary>The largest codes on both sides: no sum of integers may leave its type on the way.</summary>
    [Theory]
    [MemberData(nameof(Types))]
    public unsafe void TheLargestCodesDoNotOverflow(BlockType type)
    {
        const int Outputs = 32;
        const int Rows = 30;
        float[] signs = [1, -1];
        int inputs = 2 * type.BlockSize();
        foreach (int pattern in (int[])[1, 2, 3, 4, 8, 16])
        {
            // All codes alike, or turned every few inputs; half of the outputs and rows the other way round.
            float[] w = [.. Enumerable.Range(0, Outputs * inputs).Select(i => signs[(i % inputs / pattern + i / inputs) % 2])];
            float[] same = [.. Enumerable.Range(0, Outputs * inputs).Select(i => signs[i / inputs % 2])];
            foreach (float[] weights in (float[][])[w, same])
            {
                byte[] blocks = BlockFormatTests.Encoded(type, weights);
                fixed (byte* start = blocks)
                {
                    nint address = (nint)start;
                    int rowBytes = blocks.Length / Outputs;
                    using var matrix = QuantizedMatrix.Create("w", type, Outputs, inputs, QuantizedPlacement.Packed, row => address + row * rowBytes);
                    float[] turned = [.. Enumerable.Range(0, Rows * inputs).Select(i => signs[(i % inputs / pattern + i / inputs) % 2])];
                    float[] equal = [.. Enumerable.Range(0, Rows * inputs).Select(i => signs[i / inputs % 2])];
                    float[] bias = new float[Outputs];
                    // Few rows and many have kernels of their own.
                    foreach ((float[] values, int count) in ((float[], int)[])[(turned, Rows), (turned, 6), (equal, Rows), (equal, 1)])
                    {
                        using Tensor rows = Tensor.From(values.AsSpan(0, count * inputs).ToArray(), count, inputs);
                        float[] expected = Scalar(rows, matrix, bias);
                        foreach (DotKind dot in DotKinds.Supported)
                            Check(expected, rows, matrix, bias, dot, $"{type}, {count} rows, turned every {pattern}, {dot}");
                    }
                }
            }
        }
    }

    /// <summary>A factor of a whole matrix comes once, after all sums and before the bias, on every path.</summary>
    [Theory]
    [InlineData(1, 16, 64, 3e-4f)]
    [InlineData(6, 33, 512, -1.7f)]
    [InlineData(28, 19, 320, 1.1f)]
    [InlineData(106, 5, 1600, 0)]
    public unsafe void AScaleOfTheWholeMatrixIsApplied(int rows, int outputs, int inputs, float scale)
    {
        float[] values = BlockFormatTests.Normal(outputs * inputs, 11), bias = BlockFormatTests.Normal(outputs, 13);
        byte[] blocks = BlockFormatTests.Encoded(BlockType.NVFP4, values);
        BlockType.NVFP4.Decode(blocks, values);
        using Tensor x = Tensor.From(BlockFormatTests.Normal(rows * inputs, 12), rows, inputs);
        int rowBytes = blocks.Length / outputs;
        float[] row = new float[inputs];
        foreach (QuantizedPlacement placement in (QuantizedPlacement[])[QuantizedPlacement.Packed, QuantizedPlacement.Rows])
        {
            using var matrix = QuantizedMatrix.Create("w", BlockType.NVFP4, outputs, inputs, placement,
                (int at, Span<byte> to) => blocks.AsSpan(at * rowBytes, rowBytes).CopyTo(to), scale);
            for (int at = 0; at < outputs; at++)
            {
                matrix.ReadRow(at, row);
                Assert.Equal(values.Skip(at * inputs).Take(inputs).Select(v => v * scale), row);
            }

            float[] expected = Scalar(x, matrix, bias);
            foreach (DotKind dot in DotKinds.Supported)
                Check(expected, x, matrix, bias, dot, $"{placement}, {dot}");
        }
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void ResultsAreCloseToTheExactProduct(BlockType type)
    {
        const int Inputs = 512;
        float[] values = BlockFormatTests.Normal(40 * Inputs, 21);
        using var matrix = QuantizedMatrix.Encode("w", type, 40, Inputs, QuantizedPlacement.Packed,
            (row, to) => values.AsSpan(row * Inputs, Inputs).CopyTo(to));
        using LinearWeight weight = LinearWeight.FromBlocks(matrix);
        using Tensor x = Tensor.From(BlockFormatTests.Normal(9 * Inputs, 22), 9, Inputs);
        using IDifferentiableOps cpu = CpuOps.Create(2);
        using Tensor actual = cpu.Linear(x, weight);
        using Tensor exact = new ReferenceOps().Linear(x, weight);

        // Sums of 512 products of N(0, 1): rounding activations to 8 bits in blocks of 32 leaves about 0.7 % of their deviation of 22.
        double rms = Math.Sqrt(Enumerable.Range(0, 360).Average(i => Math.Pow(actual.Span[i] - exact.Span[i], 2)));
        Assert.InRange(rms, 0, 0.2);
    }

    [Fact]
    public void ARowThatIsNotFiniteGivesNaNAndLeavesTheOthersAlone()
    {
        float[] values = BlockFormatTests.Normal(16 * 64, 31);
        using var matrix = QuantizedMatrix.Encode("w", BlockType.Q8_0, 16, 64, QuantizedPlacement.Packed, (row, to) => values.AsSpan(row * 64, 64).CopyTo(to));
        using LinearWeight weight = LinearWeight.FromBlocks(matrix);
        using IDifferentiableOps cpu = CpuOps.Create(1);
        float[] rows = BlockFormatTests.Normal(3 * 64, 32);
        using Tensor clean = Tensor.From(rows, 3, 64);
        using Tensor expected = cpu.Linear(clean, weight);
        foreach (float bad in (float[])[float.NaN, float.PositiveInfinity, float.NegativeInfinity])
        {
            rows[64 + 40] = bad;
            using Tensor x = Tensor.From(rows, 3, 64);
            using Tensor y = cpu.Linear(x, weight);
            Assert.All(y.Row(1).ToArray(), value => Assert.True(float.IsNaN(value)));
            Assert.Equal(expected.Row(0).ToArray(), y.Row(0).ToArray());
            Assert.Equal(expected.Row(2).ToArray(), y.Row(2).ToArray());
        }
    }

    /// <summary>The blocks are frozen, and the gradient of the input is that of a dense weight of their values, bit for bit.</summary>
    [Theory]
    [InlineData(1, 45)]
    [InlineData(9, 45)]
    [InlineData(40, 700)]
    public void TheGradientOfTheInputIsExactOnOpenedBlocks(int rows, int outputs)
    {
        float[] values = BlockFormatTests.Normal(outputs * 64, 43);
        using var matrix = QuantizedMatrix.Encode(
            "blk.0.ffn_up", BlockType.Q4_K, outputs, 256, QuantizedPlacement.Packed, (row, to) =>
            {
                for (int i = 0; i < to.Length; i++)
                    to[i] = values[(row * 64 + i * 7) % values.Length];
            });
        using LinearWeight weight = LinearWeight.FromBlocks(matrix);
        var opened = new Parameter("opened", outputs, 256, ParameterLayout.Panels);
        float[] one = new float[256];
        for (int row = 0; row < outputs; row++)
        {
            matrix.ReadRow(row, one);
            opened.WriteRow(row, one);
        }

        using LinearWeight dense = LinearWeight.FromPanels(opened);
        using IDifferentiableOps cpu = CpuOps.Create(2);
        using Tensor x = Tensor.From(BlockFormatTests.Normal(rows * 256, 5), rows, 256);
        using Tensor dy = Tensor.From(BlockFormatTests.Normal(rows * outputs, 6), rows, outputs);
        using Tensor expected = cpu.LinearBackward(x, dense, dy);
        using Tensor actual = cpu.LinearBackward(x, weight, dy);
        OpTableTests.SameBits(expected.Span, actual.Span, "dx");
    }

    [Fact]
    public void CrossEntropyReadsAQuantisedHead()
    {
        const int Vocabulary = 4200;
        float[] values = BlockFormatTests.Normal(Vocabulary * 64, 41);
        using var matrix = QuantizedMatrix.Encode("head", BlockType.Q8_0, Vocabulary, 64, QuantizedPlacement.Packed, (row, to) => values.AsSpan(row * 64, 64).CopyTo(to));
        using LinearWeight weight = LinearWeight.FromBlocks(matrix);
        using Tensor x = Tensor.From(BlockFormatTests.Normal(7 * 64, 42), 7, 64);
        int[] labels = [0, 4199, 77, -100, 4096, 12, 4095];
        using IDifferentiableOps cpu = CpuOps.Create(2);
        using Tensor actual = cpu.CrossEntropy(x, weight, labels, new CrossEntropyOptions());
        using Tensor exact = new ReferenceOps().CrossEntropy(x, weight, labels, new CrossEntropyOptions());
        Assert.Equal(exact.Span[0], actual.Span[0], 0.05f);
    }

    private static IEnumerable<(int Rows, int Outputs, int Inputs)> Shapes(BlockType type)
    {
        int block = type.BlockSize();
        yield return (1, 16, block);
        yield return (2, 19, block * 3);
        yield return (6, 33, 512);
        // One tile against whole panels: shorter last chunks, and more chunks than one call of machine code takes.
        yield return (4, 16, block == 32 ? 608 : 512);
        yield return (8, 16, block == 32 ? 1632 : 1536);
        yield return (19, 33, block == 32 ? 608 : 512);
        yield return (22, 16, 256);
        yield return (1, 17, block == 32 ? 6976 : 6912);
        yield return (11, 40, block * (block == 32 ? 11 : 2));
        yield return (16, 64, 512);
        yield return (28, 40, 512);
        yield return (300, 17, block);
        // Two blocks of tiles, the last chunk shorter where the format allows.
        yield return (106, 5, block == 32 ? 6176 : 6144);
    }

    internal static unsafe void Check(float[] expected, Tensor x, QuantizedMatrix matrix, float[] bias, DotKind dot, string what)
    {
        using var parameter = new Parameter("b", 1, bias.Length);
        parameter.WriteRow(0, bias);
        var weight = new QuantizedWeight(matrix, parameter);
        using var team = new WorkerTeam(2);
        using var quantized = new QuantizedRows(team, x);
        using Tensor y = Tensor.Create(x.Rows, weight.Outputs);
        QuantizedProduct.Forward(
            team, dot, quantized, [new QuantizedProduct.Part { Weight = weight, Panels = matrix.Panels, Y = y.Floats, YStride = y.Columns }]);
        Assert.True(expected.AsSpan().SequenceEqual(y.Span), what);
    }

    /// <summary>What a product means: quantise 32 values of a row, add integer products of each group, scale, in order.</summary>
    internal static unsafe float[] Scalar(Tensor x, QuantizedMatrix matrix, float[] bias)
    {
        using var memory = new Scratch();
        var scratch = new PanelScratch(memory);
        (int group, int zero, bool minimums, _) = matrix.Facts;
        float[] y = new float[x.Rows * matrix.Rows];
        for (int n = 0; n < x.Rows; n++)
        {
            (sbyte[] codes, float[] scales) = Quantised(x.Row(n));
            for (int o = 0; o < matrix.Rows; o++)
            {
                float sum = matrix.Scale == 1 ? bias[o] : 0;
                for (int first = 0; first < x.Columns; first += PanelChunk.Inputs)
                {
                    matrix.Open(o / 16, first, scratch, out PanelChunk w);
                    for (int start = 0; start < Math.Min(PanelChunk.Inputs, x.Columns - first); start += group)
                    {
                        (int product, int total) = (0, 0);
                        for (int i = start; i < start + group; i++)
                        {
                            product += (w.Codes[i / 4 * 64 + o % 16 * 4 + i % 4] - zero) * codes[first + i];
                            total += codes[first + i];
                        }

                        float d = scales[(first + start) / 32];
                        sum = MathF.FusedMultiplyAdd(w.Scales[start / group * 16 + o % 16] * d, product, sum);
                        if (minimums)
                            sum = MathF.FusedMultiplyAdd(w.Minimums[start / group * 16 + o % 16], d * total, sum);
                    }
                }

                y[n * matrix.Rows + o] = matrix.Scale == 1 ? sum : MathF.FusedMultiplyAdd(sum, matrix.Scale, bias[o]);
            }
        }

        return y;
    }

    private static (sbyte[] Codes, float[] Scales) Quantised(ReadOnlySpan<float> row)
    {
        sbyte[] codes = new sbyte[row.Length];
        float[] scales = new float[row.Length / 32];
        for (int block = 0; block < scales.Length; block++)
        {
            float most = 0;
            foreach (float value in row.Slice(block * 32, 32))
                most = Math.Max(most, Math.Abs(value));
            (float[] first, float dot, float squares) = Fit(row.Slice(block * 32, 32), 127 / most);
            (float[] second, float otherDot, float otherSquares) = Fit(row.Slice(block * 32, 32), 126 / most);
            float factor = dot / squares, otherFactor = otherDot / otherSquares;
            bool better = otherDot * otherFactor * (127f * 127 / (126f * 126)) > dot * factor;
            scales[block] = better ? otherFactor * (most / 126) : factor * (most / 127);
            for (int i = 0; i < 32; i++)
                codes[block * 32 + i] = (sbyte)(better ? second : first)[i];
        }

        return (codes, scales);
    }

    /// <summary>Codes, and what the best scale for them is made of: 16 partial sums folded in one tree.</summary>
    private static (float[] Codes, float Dot, float Squares) Fit(ReadOnlySpan<float> x, float inverse)
    {
        float[] y = new float[32], codes = new float[32], dots = new float[16], squares = new float[16];
        for (int i = 0; i < 32; i++)
        {
            y[i] = x[i] * inverse;
            codes[i] = MathF.Round(y[i], MidpointRounding.ToEven);
        }

        for (int i = 0; i < 16; i++)
        {
            dots[i] = MathF.FusedMultiplyAdd(y[i + 16], codes[i + 16], y[i] * codes[i]);
            squares[i] = MathF.FusedMultiplyAdd(codes[i + 16], codes[i + 16], codes[i] * codes[i]);
        }

        return (codes, Fold(dots), Fold(squares));
    }

    private static float Fold(float[] v)
    {
        for (int i = 0; i < 8; i++)
            v[i] += v[i + 8];
        return v[0] + v[2] + (v[1] + v[3]) + (v[4] + v[6] + (v[5] + v[7]));
    }
}
