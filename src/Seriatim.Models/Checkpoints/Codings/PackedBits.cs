namespace Seriatim.Models;

/// <summary>
/// Numbers of a few bits, one after another in words of 32 bits from the lowest bit on, across words where they do not fit.
/// </summary>
internal static class PackedBits
{
    /// <summary>Words for so many numbers.</summary>
    public static long Words(long count, int bits) => (count * bits + 31) / 32;

    /// <summary>One number.</summary>
    /// <param name="words">The words.</param>
    /// <param name="first">Index of the first word of the run.</param>
    /// <param name="stride">From one word of the run to the next.</param>
    /// <param name="index">Which number.</param>
    /// <param name="bits">Bits of each, 1 to 8.</param>
    public static int Read(ReadOnlySpan<uint> words, long first, long stride, int index, int bits)
    {
        long at = (long)index * bits;
        int shift = (int)(at % 32);
        long word = first + at / 32 * stride;
        uint value = words[(int)word] >> shift;
        if (shift + bits > 32)
            value |= words[(int)(word + stride)] << (32 - shift);
        return (int)(value & ((1u << bits) - 1));
    }
}
