namespace Seriatim.Generation;

/// <summary>
/// A nondeterministic automaton over bytes, put together from fragments (Thompson's construction). Edges are ranges of bytes,
/// or free, or free at one end of the text only (<c>^</c> and <c>$</c>).
/// </summary>
internal sealed class Nfa
{
    /// <summary>Most states of a deterministic automaton: what is larger is refused instead of filling the memory.</summary>
    public const int MaxDfaStates = 20_000;

    private const int MaxStates = 400_000;

    private readonly List<int> _firstEdge = [];
    private readonly List<Edge> _edges = [];

    /// <summary>What an edge needs.</summary>
    internal enum EdgeKind : byte
    {
        /// <summary>A byte of its range.</summary>
        Bytes,

        /// <summary>Nothing.</summary>
        Free,

        /// <summary>That no byte was read yet.</summary>
        AtBegin,

        /// <summary>That no byte follows.</summary>
        AtEnd,
    }

    /// <summary>An edge; edges of a state are a chain.</summary>
    internal readonly record struct Edge(EdgeKind Kind, byte Low, byte High, int Target, int NextEdge);

    /// <summary>Part of an automaton: texts lead from its start to its end.</summary>
    internal readonly record struct Fragment(int Start, int End);

    /// <summary>Number of states.</summary>
    public int States => _firstEdge.Count;

    /// <summary>All edges, for the classes of bytes.</summary>
    public IReadOnlyList<Edge> Edges => _edges;

    /// <summary>The first edge of a state, -1 for none.</summary>
    public int FirstEdge(int state) => _firstEdge[state];

    /// <summary>The edge of a number.</summary>
    public Edge this[int edge] => _edges[edge];

    /// <summary>A new state.</summary>
    public int State()
    {
        if (_firstEdge.Count >= MaxStates)
            throw new LanguageTooLargeException(MaxDfaStates);
        _firstEdge.Add(-1);
        return _firstEdge.Count - 1;
    }

    /// <summary>An edge that needs nothing, or one end of the text.</summary>
    public void Connect(int from, int to, EdgeKind kind = EdgeKind.Free) => Add(from, kind, 0, 0, to);

    /// <summary>An edge for a range of bytes.</summary>
    public void Connect(int from, byte low, byte high, int to) => Add(from, EdgeKind.Bytes, low, high, to);

    /// <summary>The empty text.</summary>
    public Fragment Empty()
    {
        int state = State();
        return new Fragment(state, state);
    }

    /// <summary>The empty text, at one end of the whole text only.</summary>
    public Fragment Anchor(EdgeKind kind)
    {
        var fragment = new Fragment(State(), State());
        Connect(fragment.Start, fragment.End, kind);
        return fragment;
    }

    /// <summary>These bytes.</summary>
    public Fragment Literal(ReadOnlySpan<byte> bytes)
    {
        int start = State(), at = start;
        foreach (byte value in bytes)
        {
            int next = State();
            Connect(at, value, value, next);
            at = next;
        }
        return new Fragment(start, at);
    }

    /// <summary>One character of a set.</summary>
    public Fragment Character(CodePointSet set)
    {
        var fragment = new Fragment(State(), State());
        Utf8Ranges.Add(this, set, fragment.Start, fragment.End);
        return fragment;
    }

    /// <summary>One after another. Each part is used up.</summary>
    public Fragment Concat(Fragment first, Fragment second)
    {
        Connect(first.End, second.Start);
        return new Fragment(first.Start, second.End);
    }

    /// <summary>One of these.</summary>
    public Fragment Alternatives(IReadOnlyList<Fragment> alternatives)
    {
        if (alternatives.Count == 1)
            return alternatives[0];
        var fragment = new Fragment(State(), State());
        foreach (Fragment alternative in alternatives)
        {
            Connect(fragment.Start, alternative.Start);
            Connect(alternative.End, fragment.End);
        }
        return fragment;
    }

    /// <summary>So many copies: each is made by <paramref name="copy"/>.</summary>
    public Fragment Repeat(Func<Fragment> copy, int min, int? max)
    {
        Fragment whole = Empty();
        for (int i = 0; i < min; i++)
            whole = Concat(whole, copy());
        if (max is null)
            return Concat(whole, Star(copy()));
        int end = State();
        for (int i = min; i < max; i++)
        {
            Connect(whole.End, end);
            whole = Concat(whole, copy());
        }
        Connect(whole.End, end);
        return whole with { End = end };
    }

    /// <summary>The texts of a deterministic automaton.</summary>
    public Fragment Language(ByteDfa dfa)
    {
        int first = States;
        for (int i = 0; i < dfa.States; i++)
            State();
        int end = State();
        for (int state = 0; state < dfa.States; state++)
        {
            if (dfa.Accepts(state))
                Connect(first + state, end);
            for (int value = 0; value < 256;)
            {
                int target = dfa.Next(state, (byte)value), low = value;
                while (value < 256 && dfa.Next(state, (byte)value) == target)
                    value++;
                if (target != ByteDfa.Dead)
                    Connect(first + state, (byte)low, (byte)(value - 1), first + target);
            }
        }
        // Nothing may lead back into the start, or what is put before a loop would be read again with it.
        int start = State();
        Connect(start, first);
        return new Fragment(start, end);
    }

    private Fragment Star(Fragment body)
    {
        var fragment = new Fragment(State(), State());
        Connect(fragment.Start, body.Start);
        Connect(fragment.Start, fragment.End);
        Connect(body.End, body.Start);
        Connect(body.End, fragment.End);
        return fragment;
    }

    private void Add(int from, EdgeKind kind, byte low, byte high, int to)
    {
        _edges.Add(new Edge(kind, low, high, to, _firstEdge[from]));
        _firstEdge[from] = _edges.Count - 1;
    }
}
