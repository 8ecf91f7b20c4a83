namespace Seriatim.Generation;

/// <summary>
/// The bytes of tokens as a tree, written down in the order of a walk: a node, then all below it. Where a walk breaks off it
/// jumps to the node's end.
/// </summary>
internal sealed partial class TokenTrie
{
    private readonly byte[] _byte;
    private readonly int[] _end;
    private readonly int[] _depth;
    private readonly int[] _firstToken;
    private readonly int[] _tokens;

    /// <summary>The nodes of <see cref="Near"/> bytes at which longer tokens go on, and those bytes.</summary>
    private readonly (int Node, byte[] Bytes)[] _far;

    /// <summary>Of each node, which quarters of the bytes its children begin with (<see cref="ByteSet.Quarters"/>).</summary>
    private readonly ulong[] _children;

    /// <param name="sorted">Tokens in the order of their bytes.</param>
    /// <param name="bytesOf">Their bytes, one or more.</param>
    public TokenTrie(int[] sorted, Func<int, ReadOnlyMemory<byte>> bytesOf)
    {
        var bytes = new List<byte> { 0 };
        var end = new List<int> { 0 };
        var depth = new List<int> { 0 };
        var first = new List<int> { 0 };
        var path = new List<int> { 0 };
        var children = new List<ulong> { 0 };
        for (int i = 0; i < sorted.Length; i++)
        {
            ReadOnlySpan<byte> text = bytesOf(sorted[i]).Span;
            int common = i == 0 ? 0 : text.CommonPrefixLength(bytesOf(sorted[i - 1]).Span);
            Leave(common);
            for (int at = common; at < text.Length; at++)
            {
                children[path[^1]] |= ByteSet.QuarterOf(text[at]);
                children.Add(0);
                path.Add(bytes.Count);
                bytes.Add(text[at]);
                end.Add(0);
                depth.Add(at + 1);
                first.Add(i);
            }
        }

        Leave(-1);
        (_byte, _end, _depth) = ([.. bytes], [.. end], [.. depth]);
        _children = [.. children];
        first.Add(sorted.Length);
        (_firstToken, _tokens) = ([.. first], sorted);
        Deepest = depth.Max();
        _far = [.. Enumerable.Range(0, _depth.Length).Where(node => _depth[node] == Near && _end[node] > node + 1)
            .Select(node => (node, bytesOf(_tokens[_firstToken[node]]).Span[..Near].ToArray()))];

        void Leave(int deepest)
        {
            for (; path.Count - 1 > deepest && path.Count > 0; path.RemoveAt(path.Count - 1))
                end[path[^1]] = bytes.Count;
        }
    }

    /// <summary>Tokens of so many bytes are looked at together for states that are alike to them.</summary>
    public const int Near = 24;

    /// <summary>Longest token.</summary>
    public int Deepest { get; }

    /// <summary>The node after all that are below a node.</summary>
    public int EndOf(int node) => _end[node];

    /// <summary>The byte that leads to a node.</summary>
    public byte ByteOf(int node) => _byte[node];

    /// <summary>Number of bytes that lead to a node.</summary>
    public int DepthOf(int node) => _depth[node];

    /// <summary>Whether a child of a node begins with one of some bytes.</summary>
    public bool HasChild(int node, in ByteSet first)
    {
        if ((_children[node] & first.Quarters) == 0)
            return false;
        for (int child = node + 1; child < _end[node]; child = _end[child])
        {
            if (first.Contains(_byte[child]))
                return true;
        }

        return false;
    }

    /// <summary>The node below the root that begins with a byte; -1: no token does.</summary>
    public int Beginning(byte value)
    {
        for (int child = 1; child < _end[0]; child = _end[child])
        {
            if (_byte[child] == value)
                return child;
        }

        return -1;
    }

    /// <summary>The tokens that end at a node.</summary>
    public ReadOnlySpan<int> At(int node) => _tokens.AsSpan(_firstToken[node].._firstToken[node + 1]);

    /// <summary>The tokens that end at a node or below it.</summary>
    public ReadOnlySpan<int> From(int node) => _tokens.AsSpan(_firstToken[node].._firstToken[_end[node]]);

    /// <summary>
    /// Walks down from a node as a terminal allows: marks the tokens that end where it has not broken off, and tells the nodes
    /// where it may end and tokens go on.
    /// </summary>
    /// <param name="terminal">The terminal.</param>
    /// <param name="state">Its state at the node.</param>
    /// <param name="node">The node; 0: the root.</param>
    /// <param name="words">Bits of tokens.</param>
    /// <param name="exits">Where nodes are added.</param>
    /// <param name="most">Most bytes that are walked; the node at which more come is told if the terminal may end there.</param>
    public void Walk(TableTerminal terminal, int state, int node, ulong[] words, List<int> exits, int most = int.MaxValue)
    {
        ReadOnlySpan<bool> goesOn = terminal.GoesOn, accepts = terminal.Accepts;
        ReadOnlySpan<byte> classOf = terminal.ClassOf, bytes = _byte;
        ReadOnlySpan<int> nextOf = terminal.Table, ends = _end, depths = _depth, firstToken = _firstToken;
        int classes = terminal.Language.Classes;
        int deepest = Deepest - _depth[node] + 1;
        Span<int> states = deepest <= 512 ? stackalloc int[deepest] : new int[deepest];
        states[0] = state;
        int top = _depth[node];
        int end = _end[node];
        for (int at = node + 1; at < end;)
        {
            int depth = depths[at] - top;
            int next = nextOf[states[depth - 1] * classes + classOf[bytes[at]]];
            if (next == ByteDfa.Dead)
            {
                at = ends[at];
                continue;
            }

            // The tokens below a node follow in one run: its own come first, and end where those of the next node begin.
            for (int i = firstToken[at]; i < firstToken[at + 1]; i++)
            {
                int id = _tokens[i];
                words[id >> 6] |= 1ul << id;
            }

            if (ends[at] == at + 1)
            {
                at++;
                continue;
            }

            if (accepts[next])
                exits.Add(at);
            if (!goesOn[next] || depth == most)
            {
                at = ends[at];
                continue;
            }

            states[depth] = next;
            at++;
        }
    }

    /// <summary>Whether a token of more than <see cref="Near"/> bytes may come, as far as those go.</summary>
    public bool GoesFar(TableTerminal terminal, int state) => Array.Exists(_far, far => After(terminal, state, far.Bytes) >= 0);

    /// <summary>Walks from the root what is left after <see cref="Near"/> bytes.</summary>
    public void WalkFar(TableTerminal terminal, int state, ulong[] words, List<int> exits)
    {
        foreach ((int node, byte[] bytes) in _far)
        {
            if (After(terminal, state, bytes) is >= 0 and var at)
                Walk(terminal, at, node, words, exits);
        }
    }

    private static int After(TableTerminal terminal, int state, byte[] bytes)
    {
        for (int i = 0; i < bytes.Length && state != ByteDfa.Dead; i++)
            state = terminal.Next(state, bytes[i]);
        return state;
    }
}
