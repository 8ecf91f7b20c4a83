using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Seriatim.Tensors.Tests;

/// <summary>
/// A format that exists here alone: an F32 for a block times an E4M3 for each 16 values. What decodes, packs and multiplies does
/// not know it, and all paths give the bits of the scalar loop.
/// </summary>
public sealed unsafe class TwoLevelScaleTests
{
    [Theory]
    [InlineData(1, 16, 64)]
    [InlineData(6, 33, 512)]
    [InlineData(28, 19, 320)]
    [InlineData(106, 5, 1600)]
    public void Every_path_gives_the_bits_of_the_scalar_loop(int rows, int outputs, int inputs)
    {
        // Far from 1: the F32 is needed.
        float[] values = [.. BlockFormatTests.Normal(outputs * inputs, 11).Select(v => v * 1e-6f)];
        byte[] blocks = new byte[values.Length / TwoLevel.Values * TwoLevel.Bytes];
        float[] decoded = new float[values.Length];
        float[] bias = BlockFormatTests.Normal(outputs, 13);
        using Tensor x = Tensor.From(BlockFormatTests.Normal(rows * inputs, 12), rows, inputs);
        fixed (byte* start = blocks)
        {
            BlockCoder<TwoLevel>.Encode(values, start);
            BlockCoder<TwoLevel>.Decode(start, decoded);
            Assert.InRange(BlockFormatTests.Rms(values, decoded), 0.5e-7, 1e-7);
            nint address = (nint)start;
            int rowBytes = blocks.Length / outputs;
            using var mapped = new RowMatrix<TwoLevel>("w", outputs, inputs, row => address + row * rowBytes, copy: false);
            using var packed = new PackedMatrix<TwoLevel>("w", outputs, inputs, row => address + row * rowBytes);
            float[] expected = QuantizedProductTests.Scalar(x, mapped, bias);
            float[] row = new float[inputs];
            for (int i = 0; i < outputs; i++)
            {
                packed.ReadRow(i, row);
                Assert.Equal(decoded[(i * inputs)..((i + 1) * inputs)], row);
            }

            foreach (DotKind dot in DotKinds.Supported)
            {
                QuantizedProductTests.Check(expected, x, mapped, bias, dot, $"mapped, {dot}");
                QuantizedProductTests.Check(expected, x, packed, bias, dot, $"packed, {dot}");
            }
        }
    }

    private readonly struct TwoLevel : IBlockFormat
    {
        public static BlockType Type => (BlockType)1000;

        public static int Values => 64;

        public static int Bytes => 40;

        public static int GroupValues => 16;

        public static int CodeBits => 4;

        public static int Bias => FourBitFloats.Largest;

        public static ReadOnlySpan<sbyte> Levels => FourBitFloats.Levels;

        public static bool HasGroupScales => true;

        public static bool HasMinimums => false;

        public static int ScaleBytes => 4;

        public static float Scale(uint stored) => BitConverter.UInt32BitsToSingle(stored);

        public static uint NearestScale(float value) => BitConverter.SingleToUInt32Bits(value);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<float> Scales(byte* stored) => Vector512.Load((float*)stored);

        public static float GroupScale(sbyte stored) => ScaleCodes.Float8((byte)stored);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<float> GroupScales(byte* stored) => ScaleCodes.Floats8(stored);

        public static void Open(byte* block, BlockParts* parts)
        {
            parts->Scale = *(uint*)block;
            NVFP4.Open(block + 4, parts);
        }

        public static void Close(BlockParts* parts, byte* block)
        {
            *(uint*)block = parts->Scale;
            NVFP4.Close(parts, block + 4);
        }

        /// <summary>
        /// The F32 puts the largest value where E4M3 is finest; the rest is NVFP4, with levels that are twice as large.
        /// </summary>
        public static void Encode(ReadOnlySpan<float> values, BlockParts* parts)
        {
            float largest = 0;
            foreach (float value in values)
                largest = Math.Max(largest, MathF.Abs(value));
            float unit = largest / 2048;
            Span<float> scaled = stackalloc float[64];
            for (int i = 0; i < 64; i++)
                scaled[i] = values[i] / unit;
            parts->Scale = NearestScale(unit / 2);
            NVFP4.Encode(scaled, parts);
        }
    }
}
