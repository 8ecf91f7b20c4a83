using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Seriatim.Tensors;

/// <summary>
/// <c>value = d · (2 s + 1) · (t ± 1/8)</c> with t of -1, 0, 1: 32 bytes of points of 8 values; 4 bits for each point, 3 more of
/// it and its shift; 4 words with s in 3 bits for each 16 values and, in their highest 4, d as binary16.
/// </summary>
internal readonly unsafe struct IQ1_M : ICodeBookFormat
{
    public static BlockType Type => BlockType.IQ1_M;

    public static int Values => 256;

    public static int Bytes => 56;

    public static int GroupValues => 16;

    public static int CodeBits => 4;

    public static int Bias => 9;

    public static ReadOnlySpan<sbyte> Levels => [-7, 1, 9, 0, 0, 0, 0, 0, -9, -1, 7, 0, 0, 0, 0, 0];

    public static bool HasGroupScales => true;

    public static bool HasMinimums => false;

    public static int LargestStep => 7;

    public static ReadOnlySpan<float> Tops => [9, 8, 7, 1];

    public static string LargestScale => "an eighth of a binary16, holds up to 8188";

    public static float Scale(uint stored) => SixteenBits.FromHalf((ushort)stored) * 0.125f;

    public static uint NearestScale(float value) => SixteenBits.ToHalf(value / 0.125f);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Scales(byte* stored) => ScaleCodes.Halves(stored) * Vector512.Create(0.125f);

    public static void Open(byte* block, BlockParts* parts)
    {
        ushort* words = (ushort*)(block + 48);
        parts->Scale = (uint)(words[0] >> 12 | words[1] >> 12 << 4 | words[2] >> 12 << 8 | words[3] >> 12 << 12);
        for (int i = 0; i < 32; i++)
        {
            int high = block[32 + i / 2] >> (4 * (i % 2));
            *(ulong*)(parts->Codes + 8 * i) =
                IQ1_S.Book[block[i] | (high & 7) << 8] | ((high & 8) == 0 ? 0 : IQ1_S.Shifted);
        }

        for (int group = 0; group < 16; group++)
            parts->GroupScales[group] = (sbyte)(2 * (words[group / 4] >> (3 * (group % 4)) & 7) + 1);
    }

    public static void Close(BlockParts* parts, byte* block)
    {
        ushort* words = (ushort*)(block + 48);
        new Span<byte>(block + 32, 16).Clear();
        for (int i = 0; i < 32; i++)
        {
            byte* codes = parts->Codes + 8 * i;
            int index = IQ1_S.Book.IndexOf(codes);
            block[i] = (byte)index;
            block[32 + i / 2] |= (byte)((index >> 8 | codes[0] & 8) << (4 * (i % 2)));
        }

        for (int quarter = 0; quarter < 4; quarter++)
        {
            int word = (int)(parts->Scale >> (4 * quarter) & 15) << 12;
            for (int i = 0; i < 4; i++)
                word |= parts->GroupScales[4 * quarter + i] / 2 << (3 * i);
            words[quarter] = (ushort)word;
        }
    }

    public static void Encode(ReadOnlySpan<float> values, BlockParts* parts) => CodeBookEncoder<IQ1_M>.Encode(values, parts);

    /// <summary>Each 8 values have their shift.</summary>
    public static double Choose(ReadOnlySpan<float> values, byte* codes)
    {
        double error = 0;
        byte* other = stackalloc byte[8];
        for (int i = 0; i < values.Length; i += 8)
        {
            double up = IQ1_S.ChooseShifted(values.Slice(i, 8), shifted: false, codes + i);
            double down = IQ1_S.ChooseShifted(values.Slice(i, 8), shifted: true, other);
            if (down < up)
                *(ulong*)(codes + i) = *(ulong*)other;
            error += Math.Min(up, down);
        }

        return error;
    }
}
