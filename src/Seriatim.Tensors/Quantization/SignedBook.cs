namespace Seriatim.Tensors;

/// <summary>Parts of blocks that <see cref="ISignedBookFormat"/>s share.</summary>
internal static unsafe class SignedBook
{
    /// <summary>A book of 8 magnitudes a point.</summary>
    /// <param name="points">Which points there are.</param>
    public static CodeBook Of(string points) => new(points, 8, [8, 25, 43]);

    /// <summary>The scales of 16 groups: two in a byte.</summary>
    public static void OpenScales(byte* steps, BlockParts* parts)
    {
        for (int group = 0; group < 16; group++)
            parts->GroupScales[group] = (sbyte)(2 * (steps[group / 2] >> (4 * (group % 2)) & 15) + 1);
    }

    /// <summary>The inverse of <see cref="OpenScales"/>.</summary>
    public static void CloseScales(BlockParts* parts, byte* steps)
    {
        for (int pair = 0; pair < 8; pair++)
            steps[pair] = (byte)(parts->GroupScales[2 * pair] / 2 | parts->GroupScales[2 * pair + 1] / 2 << 4);
    }

    /// <summary>Codes of a group, point by point; returns the squared error.</summary>
    public static double Choose(CodeBook book, ReadOnlySpan<float> values, bool even, byte* codes)
    {
        double error = 0;
        for (int i = 0; i < values.Length; i += 8)
            error += book.NearestSigned(values[i..], even, codes + i);
        return error;
    }
}
