using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Seriatim.Tensors;

/// <summary><c>value = 2^(e - 127) · E2M1(q)</c> of OCP Microscaling: e in one byte, then 16 bytes as in Q4_0.</summary>
internal readonly unsafe struct MXFP4 : IBlockFormat
{
    public static BlockType Type => BlockType.MXFP4;

    public static int Values => 32;

    public static int Bytes => 17;

    public static int GroupValues => 32;

    public static int CodeBits => 4;

    public static int Bias => FourBitFloats.Largest;

    public static ReadOnlySpan<sbyte> Levels => FourBitFloats.Levels;

    public static bool HasGroupScales => false;

    public static bool HasMinimums => false;

    public static int ScaleBytes => 1;

    public static string LargestScale => "a power of two, holds up to 2^127";

    public static float Scale(uint stored) => ScaleCodes.PowerOfTwo(stored) * 0.5f;

    public static uint NearestScale(float value) => (uint)Math.Clamp(MathF.ILogB(2 * value) + 127, 0, 254);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Scales(byte* stored) => ScaleCodes.PowersOfTwo(stored) * Vector512.Create(0.5f);

    public static void Open(byte* block, BlockParts* parts)
    {
        parts->Scale = *block;
        Nibbles.Open(block + 1, 16, parts->Codes);
    }

    public static void Close(BlockParts* parts, byte* block)
    {
        *block = (byte)parts->Scale;
        Nibbles.Close(parts->Codes, 16, block + 1);
    }

    /// <summary>
    /// The power of two under which the largest value is 4 to 8 (of levels up to 6), or the next one, which cuts nothing off.
    /// </summary>
    public static void Encode(ReadOnlySpan<float> values, BlockParts* parts)
    {
        float largest = 0;
        foreach (float value in values)
            largest = Math.Max(largest, MathF.Abs(value));
        if (largest == 0)
            return;
        uint first = (uint)Math.Max(0, MathF.ILogB(largest) + 127 - 2);
        bool coarser = FourBitFloats.Error(values, Scale(first + 1)) < FourBitFloats.Error(values, Scale(first));
        parts->Scale = coarser ? first + 1 : first;
        for (int i = 0; i < Values; i++)
            parts->Codes[i] = (byte)FourBitFloats.Code(values[i] / Scale(parts->Scale));
    }
}
