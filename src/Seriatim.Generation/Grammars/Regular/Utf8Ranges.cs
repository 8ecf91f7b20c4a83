namespace Seriatim.Generation;

/// <summary>Ranges of characters as ranges of the bytes of UTF-8 (RFC 3629): each becomes a few chains of byte ranges.</summary>
internal static class Utf8Ranges
{
    private static readonly int[] Limits = [0x7F, 0x7FF, 0xFFFF, 0x10FFFF];

    /// <summary>Adds edges for each character of a set between two states.</summary>
    public static void Add(Nfa nfa, CodePointSet set, int from, int to)
    {
        foreach ((int first, int last) in set.Ranges)
        {
            int low = first;
            for (int length = 1; length <= 4 && low <= last; length++)
            {
                int high = Math.Min(last, Limits[length - 1]);
                if (low <= high)
                    Add(nfa, length, low, high, from, to);
                low = Math.Max(low, high + 1);
            }
        }
    }

    private static void Add(Nfa nfa, int length, int low, int high, int from, int to)
    {
        // A range whose lower bytes do not run from lowest to highest is cut until each byte is a range of its own.
        for (int tail = length - 1; tail > 0; tail--)
        {
            int mask = (1 << (6 * tail)) - 1;
            if ((low & ~mask) == (high & ~mask))
                continue;
            if ((low & mask) != 0)
            {
                Add(nfa, length, low, low | mask, from, to);
                Add(nfa, length, (low | mask) + 1, high, from, to);
                return;
            }
            if ((high & mask) != mask)
            {
                Add(nfa, length, low, (high & ~mask) - 1, from, to);
                Add(nfa, length, high & ~mask, high, from, to);
                return;
            }
        }
        int at = from;
        for (int i = 0; i < length; i++)
        {
            int next = i == length - 1 ? to : nfa.State();
            nfa.Connect(at, ByteOf(low, length, i), ByteOf(high, length, i), next);
            at = next;
        }
    }

    private static byte ByteOf(int codePoint, int length, int index)
    {
        int bits = codePoint >> (6 * (length - 1 - index));
        if (index > 0)
            return (byte)(0x80 | (bits & 0x3F));
        return (byte)(length switch { 1 => bits, 2 => 0xC0 | bits, 3 => 0xE0 | bits, _ => 0xF0 | bits });
    }
}
