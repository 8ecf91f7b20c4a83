namespace Seriatim.Generation;

/// <summary>
/// Plain characters: those that a JSON string holds as they are, without U+007F. Most tokens of a vocabulary consist of them, and
/// where any of them may come those tokens need not be walked one by one (the slices of llguidance).
/// </summary>
internal static class PlainReach
{
    private const byte NoByte = 255;

    /// <summary>
    /// UTF-8 (RFC 3629, section 4) as states: 0 between characters, 1 to 3 as many bytes of any value to come, and four for the
    /// first bytes whose second one is limited.
    /// </summary>
    private const int States = 8;

    /// <summary>The state after a byte, or <see cref="NoByte"/>.</summary>
    private static readonly byte[] Utf8 = MakeUtf8();

    /// <summary>The bytes that plain characters begin with.</summary>
    public static ByteSet First { get; } = MakeFirst();

    /// <summary>Number of plain characters if bytes are nothing else, whole, else -1.</summary>
    public static int Count(ReadOnlySpan<byte> bytes)
    {
        (int state, int count) = (0, 0);
        foreach (byte value in bytes)
        {
            state = Utf8[state * 256 + value];
            if (state == NoByte)
                return -1;
            if (state == 0)
                count++;
        }

        return state == 0 ? count : -1;
    }

    /// <summary>
    /// By state, how many plain characters can come, whichever they are, before the automaton breaks off or may end: the shortest
    /// way to such a byte, found from behind. And what the next one does.
    /// </summary>
    public static (int Characters, PlainEnd End)[] Of(ByteDfa language)
    {
        (int From, int Class, int To)[] steps = Steps(language);
        int[] reach = Shortest(language, steps);
        var ends = new Dictionary<int, PlainEnd>();
        return [.. Enumerable.Range(0, language.States).Select(state => (reach[state * States], EndOf(state * States)))];

        PlainEnd EndOf(int node)
        {
            if (reach[node] == int.MaxValue)
                return PlainEnd.Mixed;
            if (ends.TryGetValue(node, out PlainEnd known))
                return known;
            PlainEnd? all = null;
            foreach ((int from, int one, int to) in steps)
            {
                if (from == node % States && all != PlainEnd.Mixed)
                    all = Both(all, After(node, language.NextOfClass(node / States, one), to));
            }

            return ends[node] = all ?? PlainEnd.Mixed;
        }

        PlainEnd After(int node, int next, int to)
        {
            if (next == ByteDfa.Dead)
                return reach[node] == 0 ? PlainEnd.Dies : PlainEnd.Mixed;
            if (language.Accepts(next))
            {
                return to != 0 || reach[node] != 0 ? PlainEnd.Mixed
                    : Terminals.GoesOn(language, next) ? PlainEnd.Ends : PlainEnd.Closes;
            }

            int after = next * States + to;
            int cost = to == 0 ? 1 : 0;
            return reach[after] != int.MaxValue && reach[after] + cost == reach[node] ? EndOf(after) : PlainEnd.Mixed;
        }
    }

    private static PlainEnd Both(PlainEnd? a, PlainEnd b) => a is null || a == b ? b
        : a is PlainEnd.Ends or PlainEnd.Closes && b is PlainEnd.Ends or PlainEnd.Closes ? PlainEnd.Ends
        : PlainEnd.Mixed;

    private static int[] Shortest(ByteDfa language, (int From, int Class, int To)[] steps)
    {
        int nodes = language.States * States;
        var before = new List<(int Node, int Cost)>?[nodes];
        int[] reach = new int[nodes];
        Array.Fill(reach, int.MaxValue);
        var waiting = new PriorityQueue<int, int>();
        for (int state = 0; state < language.States; state++)
        {
            foreach ((int from, int one, int to) in steps)
            {
                int next = language.NextOfClass(state, one);
                int node = state * States + from;
                if (next == ByteDfa.Dead || language.Accepts(next))
                    Reach(node, 0);
                else
                    (before[next * States + to] ??= []).Add((node, to == 0 ? 1 : 0));
            }
        }

        while (waiting.TryDequeue(out int node, out int distance))
        {
            if (reach[node] < distance)
                continue;
            foreach ((int earlier, int cost) in before[node] ?? [])
                Reach(earlier, distance + cost);
        }

        return reach;

        void Reach(int node, int distance)
        {
            if (distance >= reach[node])
                return;
            reach[node] = distance;
            waiting.Enqueue(node, distance);
        }
    }

    /// <summary>What bytes do in UTF-8 and in the automaton, each pair once.</summary>
    private static (int From, int Class, int To)[] Steps(ByteDfa language)
    {
        var steps = new HashSet<(int From, int Class, int To)>();
        for (int from = 0; from < States; from++)
        {
            for (int value = 0; value < 256; value++)
            {
                if (Utf8[from * 256 + value] is var to && to != NoByte)
                    steps.Add((from, language.ClassOf((byte)value), to));
            }
        }

        return [.. steps];
    }

    private static ByteSet MakeFirst()
    {
        ByteSet first = default;
        for (int value = 0; value < 256; value++)
        {
            if (Utf8[value] != NoByte)
                first.Add((byte)value);
        }

        return first;
    }

    private static byte[] MakeUtf8()
    {
        byte[] table = new byte[States * 256];
        Array.Fill(table, NoByte);
        Set(0, 0x20, 0x7E, 0);
        table['"'] = table['\\'] = NoByte;
        Set(0, 0xC2, 0xDF, 1);
        Set(0, 0xE0, 0xE0, 4);
        Set(0, 0xE1, 0xEF, 2);
        Set(0, 0xED, 0xED, 5);
        Set(0, 0xF0, 0xF0, 6);
        Set(0, 0xF1, 0xF3, 3);
        Set(0, 0xF4, 0xF4, 7);
        Set(1, 0x80, 0xBF, 0);
        Set(2, 0x80, 0xBF, 1);
        Set(3, 0x80, 0xBF, 2);
        Set(4, 0xA0, 0xBF, 1);
        Set(5, 0x80, 0x9F, 1);
        Set(6, 0x90, 0xBF, 2);
        Set(7, 0x80, 0x8F, 2);
        return table;

        void Set(int state, int first, int last, byte to) => table.AsSpan(state * 256 + first, last - first + 1).Fill(to);
    }
}
