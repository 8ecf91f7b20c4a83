using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Seriatim.Tensors;

/// <summary>
/// <c>value = d · (2 s + 1) · (t ± 1/8)</c> with t of -1, 0, 1: d binary16; 32 bytes of points of 8 values; for each 32 values a
/// word with 3 more bits of 4 points, s in 3 bits and the shift in the highest.
/// </summary>
internal readonly unsafe struct IQ1_S : ICodeBookFormat
{
    /// <summary>Where the shift is set, the codes are others (bit 3), whose levels are 2 lower.</summary>
    internal const ulong Shifted = 0x0808_0808_0808_0808;

    internal static readonly CodeBook Book = new(CodeBookPoints.Ternary2048, 8, [-8, 0, 8]);

    /// <summary>Points for values that are shifted up by an eighth, or down by one.</summary>
    /// <param name="values">Values in units of the levels.</param>
    /// <param name="shifted">Down.</param>
    /// <param name="codes">Takes the codes.</param>
    /// <returns>The squared error.</returns>
    internal static double ChooseShifted(ReadOnlySpan<float> values, bool shifted, byte* codes)
    {
        Span<float> own = stackalloc float[8];
        double error = 0;
        for (int first = 0; first < values.Length; first += 8)
        {
            for (int i = 0; i < 8; i++)
                own[i] = values[first + i] + (shifted ? 1 : -1);
            error += Book.Nearest(own, codes + first);
            if (shifted)
                *(ulong*)(codes + first) |= Shifted;
        }

        return error;
    }

    public static BlockType Type => BlockType.IQ1_S;

    public static int Values => 256;

    public static int Bytes => 50;

    public static int GroupValues => 32;

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
        parts->Scale = *(ushort*)block;
        for (int group = 0; group < 8; group++)
        {
            int word = ((ushort*)(block + 34))[group];
            parts->GroupScales[group] = (sbyte)(2 * (word >> 12 & 7) + 1);
            for (int i = 0; i < 4; i++)
            {
                *(ulong*)(parts->Codes + 32 * group + 8 * i) =
                    Book[block[2 + 4 * group + i] | (word >> (3 * i) & 7) << 8] | (word >> 15 == 0 ? 0 : Shifted);
            }
        }
    }

    public static void Close(BlockParts* parts, byte* block)
    {
        *(ushort*)block = (ushort)parts->Scale;
        for (int group = 0; group < 8; group++)
        {
            int word = parts->GroupScales[group] / 2 << 12 | (parts->Codes[32 * group] >> 3) << 15;
            for (int i = 0; i < 4; i++)
            {
                int index = Book.IndexOf(parts->Codes + 32 * group + 8 * i);
                block[2 + 4 * group + i] = (byte)index;
                word |= index >> 8 << (3 * i);
            }

            ((ushort*)(block + 34))[group] = (ushort)word;
        }
    }

    public static void Encode(ReadOnlySpan<float> values, BlockParts* parts) => CodeBookEncoder<IQ1_S>.Encode(values, parts);

    /// <summary>A group has one shift.</summary>
    public static double Choose(ReadOnlySpan<float> values, byte* codes)
    {
        double up = ChooseShifted(values, shifted: false, codes);
        byte* other = stackalloc byte[32];
        double down = ChooseShifted(values, shifted: true, other);
        if (down < up)
            new ReadOnlySpan<byte>(other, values.Length).CopyTo(new Span<byte>(codes, values.Length));
        return Math.Min(up, down);
    }
}
