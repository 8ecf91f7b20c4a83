namespace Seriatim.Tensors.Tests;

/// <summary>Encoding: exact where it can be, and within the error each format is documented to have.</summary>
public sealed class BlockFormatTests
{
    /// <summary>Root mean square error of N(0, 1) values: what docs/guide/quantisation.md says.</summary>
    private static readonly Dictionary<BlockType, double> Errors = new()
    {
        [BlockType.Q8_0] = 0.006,
        [BlockType.Q6_K] = 0.019,
        [BlockType.Q5_1] = 0.041,
        [BlockType.Q5_0] = 0.045,
        [BlockType.Q5_K] = 0.038,
        [BlockType.Q4_1] = 0.084,
        [BlockType.Q4_0] = 0.090,
        [BlockType.Q4_K] = 0.075,
        [BlockType.IQ4_NL] = 0.080,
        [BlockType.IQ4_XS] = 0.081,
        [BlockType.Q3_K] = 0.160,
        [BlockType.Q2_K] = 0.290,
        [BlockType.MXFP4] = 0.120,
        [BlockType.NVFP4] = 0.100,
    };

    public static IEnumerable<object[]> Types => BlockFormats.All.Select(type => new object[] { type });

    public static IEnumerable<object[]> WithError => Errors.Select(pair => new object[] { pair.Key, pair.Value });

    [Theory]
    [MemberData(nameof(Types))]
    public void OpeningAndClosingABlockGivesItsBytes(BlockType type)
    {
        float[] values = Normal(type.BlockSize() * 20, 3);
        byte[] blocks = Encoded(type, values);
        float[] decoded = Decoded(type, blocks);

        // What the blocks hold is encoded to an error of nothing, or next to it where scales are searched anew.
        float[] again = Decoded(type, Encoded(type, decoded));
        Assert.True(Rms(decoded, again) <= 0.35 * Rms(values, decoded) + 1e-6, $"{type}: {Rms(decoded, again)}");
    }

    [Theory]
    [MemberData(nameof(WithError))]
    public void ErrorOfNormalValuesIsAsDocumented(BlockType type, double limit)
    {
        float[] values = Normal(256 * 64, 5);
        double error = Rms(values, Decoded(type, Encoded(type, values)));
        Assert.InRange(error, limit * 0.5, limit);
    }

    [Theory]
    [InlineData(BlockType.TQ1_0)]
    [InlineData(BlockType.TQ2_0)]
    public void TernaryValuesAreKept(BlockType type)
    {
        var random = new Random(4);
        float[] values = [.. Enumerable.Range(0, 512).Select(_ => 0.75f * (random.Next(3) - 1))];
        Assert.Equal(values, Decoded(type, Encoded(type, values)));
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void ZerosAndExtremesDoNotBreakABlock(BlockType type)
    {
        float[] zeros = new float[type.BlockSize()];
        Assert.All(Decoded(type, Encoded(type, zeros)), value => Assert.Equal(0, value));
        float largest = type == BlockType.NVFP4 ? 2600 : 60000;
        float[] mixed = [.. Enumerable.Range(0, type.BlockSize()).Select(i => i == 7 ? largest : i % 3 == 0 ? -1e-30f : 1e-8f)];
        float[] decoded = Decoded(type, Encoded(type, mixed));
        Assert.All(decoded, value => Assert.True(float.IsFinite(value)));
        Assert.InRange(decoded[7], largest / 2, largest * 1.1f);
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void LengthsThatAreNotBlocksAreRefused(BlockType type)
    {
        string message = Assert.Throws<ShapeMismatchException>(() => type.Encode(new float[type.BlockSize() + 1], new byte[type.BlockBytes()])).Message;
        Assert.Contains($"{type.BlockSize()}", message);
        Assert.Throws<ShapeMismatchException>(() => type.Decode(new byte[type.BlockBytes() - 1], new float[type.BlockSize()]));
    }

    internal static float[] Normal(int count, int seed)
    {
        var random = new Random(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++)
            values[i] = (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
        return values;
    }

    internal static byte[] Encoded(BlockType type, float[] values)
    {
        byte[] blocks = new byte[type.Bytes(values.Length)];
        type.Encode(values, blocks);
        return blocks;
    }

    private static float[] Decoded(BlockType type, byte[] blocks)
    {
        float[] values = new float[blocks.Length / type.BlockBytes() * type.BlockSize()];
        type.Decode(blocks, values);
        return values;
    }

    internal static double Rms(float[] a, float[] b)
    {
        Assert.Equal(a.Length, b.Length);
        return Math.Sqrt(a.Zip(b, (x, y) => ((double)x - y) * (x - y)).Average());
    }
}
