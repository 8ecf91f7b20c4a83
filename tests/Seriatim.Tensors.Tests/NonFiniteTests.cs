namespace Seriatim.Tensors.Tests;

/// <summary>
/// What is not a number, or infinite, stays where it belongs: wherever the reference gives a value that is not finite, so do all lanes,
/// and everywhere else they give what they would give.
/// </summary>
public sealed class NonFiniteTests
{
    private static readonly Dictionary<string, OpCase> Table = OpCases.All().ToDictionary(c => c.Name);

    public static TheoryData<string> Names => [.. Table.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_op_shows_it_where_the_reference_does(string name)
    {
        OpCase c = Table[name];
        IDifferentiableOps[] widths = [.. Enum.GetValues<LaneWidth>().Select(width => CpuOps.Create(2, width))];
        foreach (Tensor operand in c.Inputs.Concat(c.Parameters.Select(p => p.Data)).Where(t => t.Type == DataType.F32))
        {
            foreach (float value in new[] { float.NaN, float.PositiveInfinity, float.NegativeInfinity })
            {
                int at = operand.Span.Length / 2;
                float before = operand.Span[at];
                operand.Span[at] = value;
                using Tensor expected = c.Run(new ReferenceOps());
                float[][] results = [.. widths.Select(ops => Values(c, ops))];
                operand.Span[at] = before;
                foreach (float[] actual in results)
                    Same(c, expected.Span, actual, $"{name} with {value}");
            }
        }

        foreach (IDifferentiableOps ops in widths)
            ops.Dispose();
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void The_logarithm_keeps_it(float value)
    {
        Assert.Equal(value, LaneMath<Lanes512>.Log(value));
        Assert.Equal(value, LaneMath<LanePair<Lanes256>>.Log(value));
        Assert.Equal(value, LaneMath<LanePair<LanePair<Lanes128>>>.Log(value));
    }

    public static TheoryData<BlockType, float, int> Blocks
    {
        get
        {
            var data = new TheoryData<BlockType, float, int>();
            foreach (BlockType type in BlockFormats.All)
            {
                foreach (float value in new[] { float.NaN, float.PositiveInfinity, float.NegativeInfinity })
                {
                    foreach (int at in new[] { 0, type.BlockSize() + 5, 2 * type.BlockSize() - 1 })
                        data.Add(type, value, at);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Blocks))]
    public void Blocks_refuse_it_by_index_and_value(BlockType type, float value, int at)
    {
        float[] values = BlockFormatTests.Normal(2 * type.BlockSize(), 3);
        values[at] = value;
        string message = Assert.Throws<ArgumentException>(() => BlockFormatTests.Encoded(type, values)).Message;
        Assert.Contains($"{type}: value {at} is {value};", message);
        message = Assert.Throws<ArgumentException>(() => QuantizedMatrix.Encode(
            "blk.0.ffn_up.weight", type, 3, values.Length, QuantizedPlacement.Packed, (row, to) =>
            {
                values.CopyTo(to);
                to[at] = row == 0 ? 1 : value;
            })).Message;
        Assert.Contains($"blk.0.ffn_up.weight, row 1: {type}: value {at} is {value};", message);
    }

    [Theory]
    [MemberData(nameof(AllBlocks))]
    public void Blocks_refuse_what_their_scales_cannot_hold(BlockType type)
    {
        float[] values = BlockFormatTests.Normal(2 * type.BlockSize(), 3);
        values[type.BlockSize() + 1] = 3e38f;
        string message = Assert.Throws<ArgumentException>(() => BlockFormatTests.Encoded(type, values)).Message;
        Assert.Contains($"{type}: the values {type.BlockSize()} to {2 * type.BlockSize() - 1} are too large", message);
    }

    public static TheoryData<BlockType> AllBlocks => [.. BlockFormats.All.Where(type => type != BlockType.MXFP4)];

    /// <summary>The scales of MXFP4 hold every F32: nothing is refused, and nothing becomes infinite.</summary>
    [Theory]
    [InlineData(3e38f)]
    [InlineData(float.MaxValue)]
    [InlineData(-float.MaxValue)]
    [InlineData(3e-39f)]
    [InlineData(-1.2e-38f)]
    public void Powers_of_two_hold_the_whole_range(float value)
    {
        float[] values = new float[32];
        values[3] = value;
        byte[] blocks = BlockFormatTests.Encoded(BlockType.MXFP4, values);
        BlockType.MXFP4.Decode(blocks, values);
        Assert.InRange(values[3] / value, 0.74f, 1.26f);
        Assert.All(values, v => Assert.True(float.IsFinite(v)));
    }

    [Fact]
    public void Sixteen_bits_keep_it_and_tell_what_overflows()
    {
        foreach (uint bits in new[] { 0x7FFFFFFFu, 0x7F800001u, 0xFFFFFFFFu, 0xFF800001u, 0x7FC00000u })
        {
            float value = BitConverter.UInt32BitsToSingle(bits);
            Assert.True(float.IsNaN(SixteenBits.FromBFloat16(SixteenBits.ToBFloat16(value))), $"{bits:X8}");
            Assert.True(float.IsNaN(SixteenBits.FromHalf(SixteenBits.ToHalf(value))), $"{bits:X8}");
        }

        float[] values = [1, float.NaN, float.PositiveInfinity, 65504, 65519, 65520, 3.4e38f];
        Assert.Equal(5, SixteenBits.FirstOverflow(values, DataType.F16));
        Assert.Equal(6, SixteenBits.FirstOverflow(values, DataType.BF16));
        Assert.Equal(-1, SixteenBits.FirstOverflow(values, DataType.F32));
    }

    private static float[] Values(OpCase c, IOps ops)
    {
        using Tensor y = c.Run(ops);
        return y.Span.ToArray();
    }

    private static void Same(OpCase c, ReadOnlySpan<float> expected, float[] actual, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        float scale = 1e-3f;
        foreach (float value in expected)
            scale = float.IsFinite(value) ? Math.Max(scale, Math.Abs(value)) : scale;
        for (int i = 0; i < actual.Length; i++)
        {
            bool same = float.IsFinite(expected[i])
                ? Math.Abs(expected[i] - actual[i]) <= c.Tolerance * scale
                : !float.IsFinite(actual[i]);
            Assert.True(same, $"{what}: element {i} is {actual[i]:R}, the reference says {expected[i]:R}.");
        }
    }
}
