namespace Seriatim.Generation;

/// <summary>A set of code points, and the automaton over the bytes of UTF-8 that reads one of them.</summary>
internal sealed class CharacterRanges
{
    /// <summary>The last code point.</summary>
    public const int Last = 0x10FFFF;

    /// <summary>Last code points of one, two, three and four bytes.</summary>
    private static readonly int[] LastOfLength = [0x7F, 0x7FF, 0xFFFF, Last];

    private readonly List<(int First, int Last)> _ranges = [];

    /// <summary>Adds the code points of a range, both ends included.</summary>
    public void Add(int first, int last) => _ranges.Add((first, last));

    /// <summary>Whether a range was added.</summary>
    public bool HasAny => _ranges.Count > 0;

    /// <summary>The automaton of one character of the set, or of one that is not in it. Surrogates belong to neither.</summary>
    public ByteDfa ToDfa(bool negated = false)
    {
        var bytes = new ByteGraph();
        foreach ((int first, int last) in Normalized(negated))
            AddUtf8(bytes, first, last);
        return bytes.ToDfa();
    }

    /// <summary>Sorted, apart from each other, without surrogates.</summary>
    private List<(int First, int Last)> Normalized(bool negated)
    {
        var merged = new List<(int First, int Last)>();
        foreach ((int first, int last) in _ranges.Order())
        {
            if (merged.Count > 0 && first <= merged[^1].Last + 1)
                merged[^1] = (merged[^1].First, Math.Max(last, merged[^1].Last));
            else
                merged.Add((first, last));
        }

        if (negated)
            merged = Complement(merged);
        var valid = new List<(int First, int Last)>();
        foreach ((int first, int last) in merged)
        {
            if (first < 0xD800)
                valid.Add((first, Math.Min(last, 0xD7FF)));
            if (last > 0xDFFF)
                valid.Add((Math.Max(first, 0xE000), last));
        }

        return valid;
    }

    private static List<(int First, int Last)> Complement(List<(int First, int Last)> ranges)
    {
        var rest = new List<(int First, int Last)>();
        int next = 0;
        foreach ((int first, int last) in ranges)
        {
            if (first > next)
                rest.Add((next, first - 1));
            next = last + 1;
        }

        if (next <= Last)
            rest.Add((next, Last));
        return rest;
    }

    /// <summary>Cuts a range where the number of bytes changes, and then where it is no product of ranges of bytes.</summary>
    private static void AddUtf8(ByteGraph bytes, int first, int last)
    {
        for (int length = 1; length <= 4; length++)
        {
            int least = length == 1 ? 0 : LastOfLength[length - 2] + 1;
            (int low, int high) = (Math.Max(first, least), Math.Min(last, LastOfLength[length - 1]));
            if (low <= high)
                AddSameLength(bytes, low, high, length);
        }
    }

    private static void AddSameLength(ByteGraph bytes, int first, int last, int length)
    {
        for (int i = length - 1; i >= 1; i--)
        {
            // The last i bytes must run through all their values, unless those before them are the same.
            int mask = (1 << (6 * i)) - 1;
            if ((first & ~mask) == (last & ~mask))
                continue;
            if ((first & mask) != 0)
            {
                AddSameLength(bytes, first, first | mask, length);
                AddSameLength(bytes, (first | mask) + 1, last, length);
                return;
            }

            if ((last & mask) != mask)
            {
                AddSameLength(bytes, first, (last & ~mask) - 1, length);
                AddSameLength(bytes, last & ~mask, last, length);
                return;
            }
        }

        int to = ByteGraph.End;
        for (int i = length - 1; i >= 0; i--)
            to = bytes.Before(ByteOf(first, i, length), ByteOf(last, i, length), to, isFirst: i == 0);
    }

    private static byte ByteOf(int codePoint, int index, int length)
    {
        int bits = codePoint >> (6 * (length - 1 - index));
        if (index > 0)
            return (byte)(0x80 | (bits & 0x3F));
        return (byte)(length switch { 1 => bits, 2 => 0xC0 | bits, 3 => 0xE0 | bits, _ => 0xF0 | bits });
    }

    /// <summary>Sequences of ranges of bytes that share what they end with.</summary>
    private sealed class ByteGraph
    {
        public const int Start = 0;
        public const int End = 1;

        private readonly List<(int From, byte First, byte Last, int To)> _edges = [];
        private readonly Dictionary<(byte First, byte Last, int To), int> _states = [];

        /// <summary>The state from which a byte of a range leads to another.</summary>
        public int Before(byte first, byte last, int to, bool isFirst)
        {
            if (isFirst)
            {
                _edges.Add((Start, first, last, to));
                return Start;
            }

            if (_states.TryGetValue((first, last, to), out int state))
                return state;
            state = _states.Count + 2;
            _states.Add((first, last, to), state);
            _edges.Add((state, first, last, to));
            return state;
        }

        public ByteDfa ToDfa()
        {
            var nfa = new TerminalBuilder(int.MaxValue);
            int[] states = new int[_states.Count + 2];
            for (int i = 0; i < states.Length; i++)
                states[i] = i == Start ? TerminalBuilder.Start : nfa.NewState();
            foreach ((int from, byte first, byte last, int to) in _edges)
                nfa.AddEdge(states[from], first, last, states[to]);
            return nfa.ToDfa(states[End], int.MaxValue)!;
        }
    }
}
