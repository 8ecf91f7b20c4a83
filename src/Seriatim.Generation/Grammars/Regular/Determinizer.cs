using System.Runtime.InteropServices;

namespace Seriatim.Generation;

/// <summary>The subset construction: from what may be to what is. Bounded in states and in memory.</summary>
internal sealed class Determinizer
{
    private const int MaxMembers = 8_000_000;

    private const int MaxVisits = 100_000_000;

    private readonly Nfa _nfa;
    private readonly int _final;
    private readonly byte[] _classOf;
    private readonly int _classes;
    private readonly int[] _seen;
    private readonly Dictionary<int[], int> _numbers = new(new SetComparer());
    private readonly List<int[]> _sets = [];
    private int _stamp;
    private long _members;
    private int _visits;

    private readonly int _mostSets;

    private Determinizer(Nfa nfa, int final, int mostStates)
    {
        // Twice the limit, since the smallest automaton is often smaller than the first one.
        (_nfa, _final, _mostSets) = (nfa, final, 2 * mostStates);
        (_classOf, _classes) = ClassesOf(nfa);
        _seen = new int[nfa.States];
    }

    /// <summary>The smallest deterministic automaton of a fragment.</summary>
    /// <exception cref="LanguageTooLargeException">It would have far more states than a limit.</exception>
    public static ByteDfa Run(Nfa nfa, Nfa.Fragment whole, int mostStates = Nfa.MaxDfaStates) =>
        new Determinizer(nfa, whole.End, mostStates).Run(whole.Start);

    private ByteDfa Run(int start)
    {
        var next = new List<int>();
        var accepts = new List<bool>();
        var moves = new List<int>[_classes];
        for (int i = 0; i < _classes; i++)
            moves[i] = [];
        // The start is known to nobody: the same states later in the text are not at its begin.
        _sets.Add(Close([start], atBegin: true, atEnd: false, keepAll: false));
        for (int number = 0; number < _sets.Count; number++)
        {
            int[] set = _sets[number];
            LanguageWork.Take(_classes + set.Length);
            foreach (int state in set)
                CollectMoves(state, moves);
            foreach (List<int> move in moves)
            {
                next.Add(move.Count == 0 ? ByteDfa.Dead : NumberOf(Close(move, false, false, keepAll: false)));
                move.Clear();
            }
            accepts.Add(Accepts(set, number == 0 ? start : -1));
        }
        return Minimizer.Run(_classOf, _classes, CollectionsMarshal.AsSpan(next).ToArray(), [.. accepts]);
    }

    private bool Accepts(int[] set, int start)
    {
        List<int> from = start < 0 ? [.. set] : [start];
        return Close(from, atBegin: start >= 0, atEnd: true, keepAll: true).Contains(_final);
    }

    private void CollectMoves(int state, List<int>[] moves)
    {
        for (int e = _nfa.FirstEdge(state); e >= 0; e = _nfa[e].NextEdge)
        {
            Nfa.Edge edge = _nfa[e];
            if (edge.Kind != Nfa.EdgeKind.Bytes)
                continue;
            for (int c = _classOf[edge.Low]; c <= _classOf[edge.High]; c++)
                moves[c].Add(edge.Target);
        }
    }

    /// <summary>What is reached without a byte; without those that only lead on, unless all are wanted.</summary>
    private int[] Close(List<int> from, bool atBegin, bool atEnd, bool keepAll)
    {
        _stamp++;
        var open = new Stack<int>();
        var kept = new List<int>();
        foreach (int state in from)
            Visit(state, open);
        while (open.TryPop(out int state))
        {
            bool keep = keepAll || state == _final;
            for (int e = _nfa.FirstEdge(state); e >= 0; e = _nfa[e].NextEdge)
            {
                Nfa.Edge edge = _nfa[e];
                keep |= edge.Kind is Nfa.EdgeKind.Bytes or Nfa.EdgeKind.AtEnd;
                if (edge.Kind == Nfa.EdgeKind.Free || (edge.Kind == Nfa.EdgeKind.AtBegin && atBegin)
                    || (edge.Kind == Nfa.EdgeKind.AtEnd && atEnd))
                    Visit(edge.Target, open);
            }
            if (keep)
                kept.Add(state);
        }
        kept.Sort();
        return [.. kept];
    }

    private void Visit(int state, Stack<int> open)
    {
        if (_seen[state] == _stamp)
            return;
        if (++_visits > MaxVisits)
            throw new LanguageTooLargeException(Nfa.MaxDfaStates);
        _seen[state] = _stamp;
        open.Push(state);
    }

    private int NumberOf(int[] set)
    {
        if (_numbers.TryGetValue(set, out int number))
            return number;
        _members += set.Length;
        if (_sets.Count >= _mostSets || _members > MaxMembers)
            throw new LanguageTooLargeException(_mostSets / 2);
        _numbers.Add(set, _sets.Count);
        _sets.Add(set);
        return _sets.Count - 1;
    }

    private static (byte[] ClassOf, int Classes) ClassesOf(Nfa nfa)
    {
        var starts = new bool[257];
        foreach (Nfa.Edge edge in nfa.Edges)
        {
            if (edge.Kind != Nfa.EdgeKind.Bytes)
                continue;
            starts[edge.Low] = true;
            starts[edge.High + 1] = true;
        }
        var classOf = new byte[256];
        int current = 0;
        for (int value = 1; value < 256; value++)
            classOf[value] = (byte)(starts[value] ? ++current : current);
        return (classOf, current + 1);
    }

    private sealed class SetComparer : IEqualityComparer<int[]>
    {
        public bool Equals(int[]? x, int[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(int[] set)
        {
            var hash = new HashCode();
            hash.AddBytes(MemoryMarshal.AsBytes(set.AsSpan()));
            return hash.ToHashCode();
        }
    }
}
