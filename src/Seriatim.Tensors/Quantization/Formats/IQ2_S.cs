using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Seriatim.Tensors;

/// <summary>
/// <c>value = d / 8 · (2 s + 1) · ±level</c>: d binary16; 32 bytes of points of 8 values, 32 of signs, 8 with two more bits of
/// each point; then s, 4 bits for each 16 values.
/// </summary>
internal readonly unsafe struct IQ2_S : ICodeBookFormat
{
    private static readonly CodeBook Book = new(CodeBookPoints.Magnitudes1024, 8, [8, 25, 43]);

    public static BlockType Type => BlockType.IQ2_S;

    public static int Values => 256;

    public static int Bytes => 82;

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
        for (int i = 0; i < 32; i++)
        {
            int index = block[2 + i] | (block[66 + i / 4] >> (2 * (i % 4)) & 3) << 8;
            *(ulong*)(parts->Codes + 8 * i) = Book[index] | CodeBook.Signs(block[34 + i]);
        }

        for (int group = 0; group < 16; group++)
            parts->GroupScales[group] = (sbyte)(2 * (block[74 + group / 2] >> (4 * (group % 2)) & 15) + 1);
    }

    public static void Close(BlockParts* parts, byte* block)
    {
        *(ushort*)block = (ushort)parts->Scale;
        new Span<byte>(block + 66, 8).Clear();
        for (int i = 0; i < 32; i++)
        {
            byte* codes = parts->Codes + 8 * i;
            int index = Book.IndexOf(codes);
            block[2 + i] = (byte)index;
            block[34 + i] = (byte)CodeBook.SignsOf(codes);
            block[66 + i / 4] |= (byte)(index >> 8 << (2 * (i % 4)));
        }

        for (int pair = 0; pair < 8; pair++)
            block[74 + pair] = (byte)(parts->GroupScales[2 * pair] / 2 | parts->GroupScales[2 * pair + 1] / 2 << 4);
    }

    public static void Encode(ReadOnlySpan<float> values, BlockParts* parts) => CodeBookEncoder<IQ2_S>.Encode(values, parts);

    public static double Choose(ReadOnlySpan<float> values, byte* codes)
    {
        double error = 0;
        for (int i = 0; i < values.Length; i += 8)
            error += Book.NearestSigned(values[i..], even: false, codes + i);
        return error;
    }
}
