using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Seriatim.Tensors;

/// <summary>
/// <c>value = d / 8 · (2 s + 1) · ±level</c>: d binary16; 32 words with a point of 8 values in 9 bits and 7 signs; then s, 4 bits
/// for each 16 values.
/// </summary>
internal readonly unsafe struct IQ2_XS : ICodeBookFormat
{
    private static readonly CodeBook Book = new(CodeBookPoints.Magnitudes512, 8, [8, 25, 43]);

    public static BlockType Type => BlockType.IQ2_XS;

    public static int Values => 256;

    public static int Bytes => 74;

    public static int GroupValues => 16;

    public static int CodeBits => 4;

    public static int Bias => 43;

    public static ReadOnlySpan<sbyte> Levels => [8, 25, 43, 0, 0, 0, 0, 0, -8, -25, -43, 0, 0, 0, 0, 0];

    public static bool HasGroupScales => true;

    public static bool HasMinimums => false;

    public static int LargestStep => 15;

    public static ReadOnlySpan<float> Tops => [43, 39, 34, 30, 25, 8];

    public static string LargestScale => "an eighth of a binary16, holds up to 8188";

    public static float Scale(uint stored) => SixteenBits.FromHalf((ushort)stored) * 0.125f;

    public static uint NearestScale(float value) => SixteenBits.ToHalf(value / 0.125f);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Scales(byte* stored) => ScaleCodes.Halves(stored) * Vector512.Create(0.125f);

    public static void Open(byte* block, BlockParts* parts)
    {
        parts->Scale = *(ushort*)block;
        ushort* words = (ushort*)(block + 2);
        for (int i = 0; i < 32; i++)
            *(ulong*)(parts->Codes + 8 * i) = Book[words[i] & 511] | CodeBook.Signs(CodeBook.EvenSigns(words[i] >> 9));
        for (int group = 0; group < 16; group++)
            parts->GroupScales[group] = (sbyte)(2 * (block[66 + group / 2] >> (4 * (group % 2)) & 15) + 1);
    }

    public static void Close(BlockParts* parts, byte* block)
    {
        *(ushort*)block = (ushort)parts->Scale;
        ushort* words = (ushort*)(block + 2);
        for (int i = 0; i < 32; i++)
        {
            byte* codes = parts->Codes + 8 * i;
            words[i] = (ushort)(Book.IndexOf(codes) | (CodeBook.SignsOf(codes) & 127) << 9);
        }

        for (int pair = 0; pair < 8; pair++)
            block[66 + pair] = (byte)(parts->GroupScales[2 * pair] / 2 | parts->GroupScales[2 * pair + 1] / 2 << 4);
    }

    public static void Encode(ReadOnlySpan<float> values, BlockParts* parts) => CodeBookEncoder<IQ2_XS>.Encode(values, parts);

    public static double Choose(ReadOnlySpan<float> values, byte* codes)
    {
        double error = 0;
        for (int i = 0; i < values.Length; i += 8)
            error += Book.NearestSigned(values[i..], even: true, codes + i);
        return error;
    }
}
