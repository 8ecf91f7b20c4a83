namespace Seriatim.Generation;

/// <summary>
/// Makes one deterministic automaton of a part of a grammar that is regular: Thompson's construction, then the construction of
/// subsets. Gives up where the result would be large, since counted repeats and unions can grow without measure.
/// </summary>
/// <param name="mostStates">Most states before the subsets are taken.</param>
internal sealed class TerminalBuilder(int mostStates)
{
    /// <summary>The state before the first byte.</summary>
    public const int Start = 0;

    private readonly List<List<int>> _empty = [[]];
    private readonly List<List<(byte First, byte Last, int To)>> _edges = [[]];

    /// <summary>The automaton of a node; null: it is not regular, or too large.</summary>
    /// <param name="node">The node; no rules and special tokens in it.</param>
    /// <param name="mostStates">Most states of the result.</param>
    public static ByteDfa? TryBuild(GrammarNode node, int mostStates)
    {
        if (node is GrammarNode.Regular { Language: { } language })
            return language.States <= mostStates ? language : null;
        var builder = new TerminalBuilder(8 * mostStates + 64);
        int end = builder.Add(node, Start);
        return end < 0 ? null : builder.ToDfa(end, mostStates);
    }

    public int NewState()
    {
        _empty.Add([]);
        _edges.Add([]);
        return _empty.Count - 1;
    }

    public void AddEdge(int from, byte first, byte last, int to) => _edges[from].Add((first, last, to));

    /// <summary>Adds a node after a state; the state after it, or -1.</summary>
    public int Add(GrammarNode node, int from)
    {
        if (_empty.Count > mostStates)
            return -1;
        switch (node)
        {
            case GrammarNode.Literal { Bytes: var bytes }:
                foreach (byte value in bytes.Span)
                {
                    int to = NewState();
                    AddEdge(from, value, value, to);
                    from = to;
                }

                return _empty.Count > mostStates ? -1 : from;
            case GrammarNode.Regular { Language: var language }:
                return Add(language, from);
            case GrammarNode.Sequence { Parts: var parts }:
                foreach (GrammarNode part in parts)
                {
                    if ((from = Add(part, from)) < 0)
                        return -1;
                }

                return from;
            case GrammarNode.Choice { Alternatives: var alternatives }:
                int end = NewState();
                foreach (GrammarNode alternative in alternatives)
                {
                    int last = Add(alternative, from);
                    if (last < 0)
                        return -1;
                    _empty[last].Add(end);
                }

                return end;
            case GrammarNode.Repeat repeat:
                return Add(repeat, from);
            default:
                return -1;
        }
    }

    /// <summary>The deterministic automaton of what leads to a state; null: too large.</summary>
    public ByteDfa? ToDfa(int end, int mostSubsets)
    {
        (byte[] classOf, int classes) = Classes();
        byte[] sample = new byte[classes];
        for (int value = 255; value >= 0; value--)
            sample[classOf[value]] = (byte)value;
        var subsets = new Dictionary<int[], int>(IntsComparer.Instance);
        var order = new List<int[]>();
        var next = new List<int>();
        var marks = new bool[_empty.Count];
        IndexOf([Start]);
        for (int i = 0; i < order.Count; i++)
        {
            if (order.Count > mostSubsets)
                return null;
            for (int one = 0; one < classes; one++)
            {
                var moved = new List<int>();
                foreach (int state in order[i])
                {
                    foreach ((byte first, byte last, int to) in _edges[state])
                    {
                        if (sample[one] >= first && sample[one] <= last)
                            moved.Add(to);
                    }
                }

                next.Add(moved.Count == 0 ? ByteDfa.Dead : IndexOf(moved));
            }
        }

        return new ByteDfa(classOf, classes, [.. next], [.. order.Select(subset => Array.BinarySearch(subset, end) >= 0)]);

        int IndexOf(List<int> states)
        {
            int[] closed = Close(states, marks, end);
            if (subsets.TryGetValue(closed, out int index))
                return index;
            subsets.Add(closed, order.Count);
            order.Add(closed);
            return order.Count - 1;
        }
    }

    private int Add(ByteDfa language, int from)
    {
        if (_empty.Count + language.States > mostStates)
            return -1;
        int first = _empty.Count;
        for (int i = 0; i < language.States; i++)
            NewState();
        int end = NewState();
        _empty[from].Add(first);
        for (int state = 0; state < language.States; state++)
        {
            if (language.Accepts(state))
                _empty[first + state].Add(end);
            for (int value = 0; value < 256;)
            {
                int to = language.Next(state, (byte)value);
                int last = value;
                while (last < 255 && language.Next(state, (byte)(last + 1)) == to)
                    last++;
                if (to != ByteDfa.Dead)
                    AddEdge(first + state, (byte)value, (byte)last, first + to);
                value = last + 1;
            }
        }

        return end;
    }

    private int Add(GrammarNode.Repeat repeat, int from)
    {
        for (int i = 0; i < repeat.Min && from >= 0; i++)
            from = Add(repeat.Body, from);
        if (from < 0)
            return -1;
        if (repeat.Max is not { } max)
        {
            int loop = NewState();
            _empty[from].Add(loop);
            int last = Add(repeat.Body, loop);
            if (last < 0)
                return -1;
            _empty[last].Add(loop);
            return loop;
        }

        int end = NewState();
        for (int i = repeat.Min; i < max && from >= 0; i++)
        {
            _empty[from].Add(end);
            from = Add(repeat.Body, from);
        }

        if (from < 0)
            return -1;
        _empty[from].Add(end);
        return end;
    }

    /// <summary>Bytes that no edge tells apart are of one class.</summary>
    private (byte[] ClassOf, int Classes) Classes()
    {
        var starts = new bool[257];
        foreach (List<(byte First, byte Last, int To)> edges in _edges)
        {
            foreach ((byte first, byte last, int _) in edges)
                (starts[first], starts[last + 1]) = (true, true);
        }

        byte[] classOf = new byte[256];
        int classes = 0;
        for (int value = 0; value < 256; value++)
        {
            if (value > 0 && starts[value])
                classes++;
            classOf[value] = (byte)classes;
        }

        return (classOf, classes + 1);
    }

    /// <summary>The states with edges, and the end, that can be reached without a byte; sorted.</summary>
    private int[] Close(List<int> states, bool[] marks, int end)
    {
        var reached = new List<int>();
        var waiting = new Stack<int>(states);
        while (waiting.TryPop(out int state))
        {
            if (marks[state])
                continue;
            marks[state] = true;
            reached.Add(state);
            foreach (int to in _empty[state])
                waiting.Push(to);
        }

        foreach (int state in reached)
            marks[state] = false;
        reached.RemoveAll(state => state != end && _edges[state].Count == 0);
        reached.Sort();
        return [.. reached];
    }

    private sealed class IntsComparer : IEqualityComparer<int[]>
    {
        public static IntsComparer Instance { get; } = new();

        public bool Equals(int[]? x, int[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(int[] obj)
        {
            var hash = new HashCode();
            foreach (int value in obj)
                hash.Add(value);
            return hash.ToHashCode();
        }
    }
}
