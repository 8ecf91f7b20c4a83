using System.Runtime.Intrinsics;

namespace Seriatim.Tensors.Tests;

/// <summary>
/// Every stored scale of one byte means what its specification says, alone and sixteen at a time; nearest is nearest.
/// </summary>
public sealed unsafe class ScaleCodesTests
{
    [Fact]
    public void Powers_of_two_are_those_of_E8M0()
    {
        for (int e = 0; e < 255; e++)
            Assert.Equal(Math.ScaleB(1, e - 127), ScaleCodes.PowerOfTwo((uint)e));
        Assert.True(float.IsNaN(ScaleCodes.PowerOfTwo(255)));
        SameSixteen(ScaleCodes.PowerOfTwo, static stored => ScaleCodes.PowersOfTwo((byte*)stored));
    }

    [Fact]
    public void Eight_bit_floats_are_those_of_E4M3()
    {
        for (int code = 0; code < 0x7F; code++)
        {
            (int exponent, int fraction) = (code >> 3, code & 7);
            double value = exponent == 0 ? Math.ScaleB(fraction, -9) : Math.ScaleB(8 + fraction, exponent - 10);
            Assert.Equal(value, ScaleCodes.Float8((uint)code));
        }

        // 127 is NaN; the others have the sign that scales do not have.
        for (int code = 0x7F; code < 256; code++)
            Assert.True(float.IsNaN(ScaleCodes.Float8((uint)code)), $"{code:X2}");
        SameSixteen(ScaleCodes.Float8, static stored => ScaleCodes.Floats8((byte*)stored));
    }

    [Fact]
    public void The_nearest_eight_bit_float_is_the_nearest()
    {
        for (uint code = 0; code < 0x7E; code++)
        {
            float low = ScaleCodes.Float8(code), high = ScaleCodes.Float8(code + 1), middle = (low + high) / 2;
            Assert.Equal(code, ScaleCodes.NearestFloat8(low));
            Assert.Equal(code, ScaleCodes.NearestFloat8(MathF.BitDecrement(middle)));
            Assert.Equal(code + (code & 1), ScaleCodes.NearestFloat8(middle));
            Assert.Equal(code + 1, ScaleCodes.NearestFloat8(MathF.BitIncrement(middle)));
        }

        Assert.Equal(0x7E, ScaleCodes.NearestFloat8(448));
        Assert.Equal(0x7F, ScaleCodes.NearestFloat8(449));
        Assert.Equal(0x7F, ScaleCodes.NearestFloat8(float.PositiveInfinity));
        Assert.Equal(0x7F, ScaleCodes.NearestFloat8(float.NaN));
    }

    [Fact]
    public void Four_bit_floats_take_the_nearest_level_and_even_ones_on_ties()
    {
        ReadOnlySpan<sbyte> levels = FourBitFloats.Levels;
        for (int code = 0; code < 8; code++)
        {
            double magnitude = code < 2 ? 0.5 * code : (1 + 0.5 * (code & 1)) * Math.ScaleB(1, (code >> 1) - 1);
            Assert.Equal(2 * magnitude, levels[code]);
            Assert.Equal(-levels[code], levels[code + 8]);
        }

        for (int code = 0; code < 7; code++)
        {
            float middle = (levels[code] + levels[code + 1]) / 2f;
            foreach (int sign in (int[])[1, -1])
            {
                Assert.Equal(sign * levels[code], levels[FourBitFloats.Code(sign * MathF.BitDecrement(middle))]);
                Assert.Equal(sign * levels[code + (code & 1)], levels[FourBitFloats.Code(sign * middle)]);
                Assert.Equal(sign * levels[code + 1], levels[FourBitFloats.Code(sign * MathF.BitIncrement(middle))]);
            }
        }

        Assert.Equal(12, levels[FourBitFloats.Code(1e30f)]);
        Assert.Equal(-12, levels[FourBitFloats.Code(float.NegativeInfinity)]);
    }

    /// <summary>A block by hand, from the layout that ggml documents.</summary>
    [Fact]
    public void A_block_of_MXFP4_is_read_as_it_is_specified()
    {
        byte[] block = new byte[17];
        block[0] = 130; // 2^3
        for (int i = 0; i < 16; i++)
            block[1 + i] = (byte)(i | ((15 - i) << 4));
        float[] magnitudes = [0, 0.5f, 1, 1.5f, 2, 3, 4, 6];
        float[] values = new float[32];
        BlockType.MXFP4.Decode(block, values);
        for (int i = 0; i < 16; i++)
        {
            Assert.Equal(8 * (i < 8 ? magnitudes[i] : -magnitudes[i - 8]), values[i]);
            Assert.Equal(8 * (15 - i < 8 ? magnitudes[15 - i] : -magnitudes[7 - i]), values[16 + i]);
        }

        block[0] = 255;
        BlockType.MXFP4.Decode(block, values);
        Assert.All(values, value => Assert.True(float.IsNaN(value)));
    }

    [Fact]
    public void A_block_of_NVFP4_is_read_as_it_is_specified()
    {
        byte[] block = new byte[36];
        float[] scales = [1, 448, 1f / 512, 1.5f];
        for (int group = 0; group < 4; group++)
        {
            block[group] = ScaleCodes.NearestFloat8(scales[group]);
            for (int i = 0; i < 8; i++)
                block[4 + 8 * group + i] = (byte)(i | ((i + 8) << 4));
        }

        float[] magnitudes = [0, 0.5f, 1, 1.5f, 2, 3, 4, 6];
        float[] values = new float[64];
        BlockType.NVFP4.Decode(block, values);
        for (int i = 0; i < 64; i++)
            Assert.Equal(scales[i / 16] * (i % 16 < 8 ? 1 : -1) * magnitudes[i % 8], values[i]);
    }

    /// <summary>Products with a table of levels count on its size: no code is larger than the facts of its format say.</summary>
    [Fact]
    public void Levels_lie_within_the_bias()
    {
        Check<IQ4_NL>();
        Check<IQ4_XS>();
        Check<MXFP4>();
        Check<NVFP4>();
        Assert.Equal(24, BlockFacts.LargestCode<MXFP4>());
        Assert.Equal(0, BlockFacts.Of<IQ4_NL>().WordSteps);
        Assert.Equal(4, BlockFacts.Of<MXFP4>().WordSteps);

        static void Check<TFormat>()
            where TFormat : struct, IBlockFormat
        {
            Assert.Equal(16, TFormat.Levels.Length);
            foreach (sbyte level in TFormat.Levels)
                Assert.InRange(level + TFormat.Bias, 0, BlockFacts.LargestCode<TFormat>());
        }
    }

    private static void SameSixteen(Func<uint, float> one, Func<nint, Vector512<float>> sixteen)
    {
        byte* stored = stackalloc byte[256];
        for (int i = 0; i < 256; i++)
            stored[i] = (byte)i;
        for (int first = 0; first < 256; first += 16)
        {
            Vector512<float> values = sixteen((nint)(stored + first));
            for (int i = 0; i < 16; i++)
                Assert.Equal(one((uint)(first + i)), values[i]);
        }
    }
}
