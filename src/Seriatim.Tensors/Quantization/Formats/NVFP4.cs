using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Seriatim.Tensors;

/// <summary>
/// <c>value = g · E2M1(q)</c>: four g, E4M3 without sign, each for 16 values, then 8 bytes of codes for each. The scale of the
/// whole tensor that NVFP4 has besides is not in the blocks.
/// </summary>
internal readonly unsafe struct NVFP4 : IBlockFormat
{
    public static BlockType Type => BlockType.NVFP4;

    public static int Values => 64;

    public static int Bytes => 36;

    public static int GroupValues => 16;

    public static int CodeBits => 4;

    public static int Bias => FourBitFloats.Largest;

    public static ReadOnlySpan<sbyte> Levels => FourBitFloats.Levels;

    public static bool HasGroupScales => true;

    public static bool HasMinimums => false;

    public static int ScaleBytes => 0;

    public static string LargestScale => "an E4M3, holds up to 448 (values up to 2688)";

    public static float Scale(uint stored) => 1;

    public static uint NearestScale(float value) => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Scales(byte* stored) => Vector512.Create(1f);

    public static float GroupScale(sbyte stored) => ScaleCodes.Float8((byte)stored) * 0.5f;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> GroupScales(byte* stored) => ScaleCodes.Floats8(stored) * Vector512.Create(0.5f);

    public static void Open(byte* block, BlockParts* parts)
    {
        for (int group = 0; group < 4; group++)
        {
            parts->GroupScales[group] = (sbyte)block[group];
            Nibbles.Open(block + 4 + 8 * group, 8, parts->Codes + 16 * group);
        }
    }

    public static void Close(BlockParts* parts, byte* block)
    {
        for (int group = 0; group < 4; group++)
        {
            block[group] = (byte)parts->GroupScales[group];
            Nibbles.Close(parts->Codes + 16 * group, 8, block + 4 + 8 * group);
        }
    }

    /// <summary>
    /// For each group the scale that puts its largest value at 4 to 6, of all the one that leaves the smallest error.
    /// </summary>
    public static void Encode(ReadOnlySpan<float> values, BlockParts* parts)
    {
        for (int group = 0; group < 4; group++)
        {
            ReadOnlySpan<float> own = values.Slice(group * GroupValues, GroupValues);
            float largest = 0;
            foreach (float value in own)
                largest = Math.Max(largest, MathF.Abs(value));
            byte first = ScaleCodes.NearestFloat8(largest / 6), best = first;
            double least = double.PositiveInfinity;
            for (int stored = Math.Max(1, first - 1); stored <= Math.Min(0x7E, first + 5); stored++)
            {
                double error = FourBitFloats.Error(own, GroupScale((sbyte)stored));
                if (error < least)
                    (best, least) = ((byte)stored, error);
            }

            // A scale that is not finite says that there is none.
            parts->GroupScales[group] = (sbyte)(largest == 0 || first == 0x7F ? first : best);
            for (int i = group * GroupValues; largest > 0 && first < 0x7F && i < (group + 1) * GroupValues; i++)
                parts->Codes[i] = (byte)FourBitFloats.Code(values[i] / GroupScale(parts->GroupScales[group]));
        }
    }
}
