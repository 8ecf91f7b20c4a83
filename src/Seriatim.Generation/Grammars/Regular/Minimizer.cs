namespace Seriatim.Generation;

/// <summary>
/// The smallest automaton of a language, and always the same one: states that lead nowhere are cut off, equal ones joined
/// (Valmari, "Fast brief practical DFA minimization", 2012: O(m log n) for m transitions), states numbered in the order of a
/// breadth-first walk, bytes that act alike made one class. So two languages are equal if their automata are.
/// </summary>
internal static class Minimizer
{
    /// <summary>The smallest automaton. State 0 is the start.</summary>
    /// <exception cref="LanguageTooLargeException">It has more than <paramref name="mostStates"/> states.</exception>
    public static ByteDfa Run(
        byte[] classOf, int classes, int[] next, bool[] accepts, int mostStates = Nfa.MaxDfaStates)
    {
        int states = accepts.Length;
        bool[] live = Live(classes, next, accepts);
        if (!live[0])
            return new ByteDfa(new byte[256], 1, [ByteDfa.Dead], [false]);
        var tails = new List<int>();
        var labels = new List<int>();
        var heads = new List<int>();
        for (int c = 0; c < classes; c++)
        {
            for (int s = 0; s < states; s++)
            {
                int target = next[s * classes + c];
                if (!live[s] || target == ByteDfa.Dead || !live[target])
                    continue;
                tails.Add(s);
                labels.Add(c);
                heads.Add(target);
            }
        }
        int[] blockOf = Blocks(states, tails, labels, heads, accepts);
        return Renumber(classOf, classes, next, accepts, live, blockOf, mostStates);
    }

    /// <summary>States that the start reaches and that reach an end.</summary>
    private static bool[] Live(int classes, int[] next, bool[] accepts)
    {
        int states = accepts.Length;
        var reached = new bool[states];
        reached[0] = true;
        var open = new Stack<int>([0]);
        var back = new List<int>[states];
        while (open.TryPop(out int state))
        {
            for (int c = 0; c < classes; c++)
            {
                int target = next[state * classes + c];
                if (target == ByteDfa.Dead)
                    continue;
                (back[target] ??= []).Add(state);
                if (reached[target])
                    continue;
                reached[target] = true;
                open.Push(target);
            }
        }
        var live = new bool[states];
        for (int state = 0; state < states; state++)
        {
            if (!reached[state] || !accepts[state] || live[state])
                continue;
            live[state] = true;
            open.Push(state);
            while (open.TryPop(out int at))
            {
                foreach (int from in back[at] ?? [])
                {
                    if (live[from])
                        continue;
                    live[from] = true;
                    open.Push(from);
                }
            }
        }
        return live;
    }

    private static int[] Blocks(int states, List<int> tails, List<int> labels, List<int> heads, bool[] accepts)
    {
        int transitions = tails.Count;
        var blocks = new Partition(states);
        for (int s = 0; s < states; s++)
        {
            if (accepts[s])
                blocks.Mark(s);
        }
        blocks.Split();
        // Transitions come sorted by label: one set a label to begin with.
        var cords = new Partition(transitions, labels);
        var (into, firstInto) = ByHead(states, heads);
        int block = 1;
        for (int cord = 0; cord < cords.Count; cord++)
        {
            foreach (int transition in cords.Members(cord))
                blocks.Mark(tails[transition]);
            blocks.Split();
            for (; block < blocks.Count; block++)
            {
                foreach (int state in blocks.Members(block))
                {
                    for (int j = firstInto[state]; j < firstInto[state + 1]; j++)
                        cords.Mark(into[j]);
                }
                cords.Split();
            }
        }
        var blockOf = new int[states];
        for (int s = 0; s < states; s++)
            blockOf[s] = blocks.SetOf(s);
        return blockOf;
    }

    private static (int[] Into, int[] First) ByHead(int states, List<int> heads)
    {
        var first = new int[states + 1];
        foreach (int head in heads)
            first[head + 1]++;
        for (int s = 0; s < states; s++)
            first[s + 1] += first[s];
        var into = new int[heads.Count];
        int[] at = [.. first];
        for (int t = 0; t < heads.Count; t++)
            into[at[heads[t]]++] = t;
        return (into, first);
    }

    private static ByteDfa Renumber(
        byte[] classOf, int classes, int[] next, bool[] accepts, bool[] live, int[] blockOf, int mostStates)
    {
        var numberOf = new Dictionary<int, int> { [blockOf[0]] = 0 };
        var members = new List<int> { 0 };
        // Bytes in their order, not classes, so that the numbering depends on the language alone.
        int[] order = [.. classOf.Distinct().Select(c => (int)c)];
        for (int i = 0; i < members.Count; i++)
        {
            foreach (int c in order)
            {
                int target = next[members[i] * classes + c];
                if (target != ByteDfa.Dead && live[target] && numberOf.TryAdd(blockOf[target], members.Count))
                    members.Add(target);
            }
        }
        if (members.Count > mostStates)
            throw new LanguageTooLargeException(mostStates);
        int[] To(int c) => [.. members.Select(member => next[member * classes + c])
            .Select(target => target == ByteDfa.Dead || !live[target] ? ByteDfa.Dead : numberOf[blockOf[target]])];
        var columns = new List<int[]>();
        var newClass = new Dictionary<int, int>();
        var known = new Dictionary<long, List<int>>();
        foreach (int c in order)
        {
            int[] column = To(c);
            long key = column.Aggregate(17L, (hash, target) => hash * 1_000_003 + target);
            List<int> candidates = known.TryGetValue(key, out List<int>? found) ? found : known[key] = [];
            int same = candidates.FindIndex(candidate => columns[candidate].AsSpan().SequenceEqual(column));
            if (same < 0)
            {
                candidates.Add(columns.Count);
                columns.Add(column);
                newClass[c] = columns.Count - 1;
            }
            else
            {
                newClass[c] = candidates[same];
            }
        }
        var table = new int[members.Count * columns.Count];
        for (int s = 0; s < members.Count; s++)
        {
            for (int c = 0; c < columns.Count; c++)
                table[s * columns.Count + c] = columns[c][s];
        }
        return new ByteDfa([.. classOf.Select(c => (byte)newClass[c])], columns.Count, table,
            [.. members.Select(member => accepts[member])]);
    }

    /// <summary>Sets of numbers that are split by marking some of their members.</summary>
    private sealed class Partition
    {
        private readonly int[] _members;
        private readonly int[] _placeOf;
        private readonly int[] _setOf;
        private readonly int[] _first;
        private readonly int[] _past;
        private readonly int[] _marked;
        private readonly Stack<int> _touched = new();

        public Partition(int size)
        {
            (_members, _placeOf, _setOf) = (new int[size], new int[size], new int[size]);
            (_first, _past, _marked) = (new int[size + 1], new int[size + 1], new int[size + 1]);
            for (int i = 0; i < size; i++)
                _members[i] = _placeOf[i] = i;
            _past[0] = size;
            Count = size == 0 ? 0 : 1;
        }

        /// <summary>Members are sorted by label: one set each.</summary>
        public Partition(int size, List<int> labels)
            : this(size)
        {
            for (int i = 1; i < size; i++)
            {
                if (labels[i] != labels[i - 1])
                {
                    _past[Count - 1] = i;
                    _first[Count] = i;
                    _past[Count] = size;
                    Count++;
                }
                _setOf[i] = Count - 1;
            }
        }

        public int Count { get; private set; }

        public int SetOf(int member) => _setOf[member];

        public ReadOnlySpan<int> Members(int set) => _members.AsSpan(_first[set], _past[set] - _first[set]);

        public void Mark(int member)
        {
            int set = _setOf[member], place = _placeOf[member], border = _first[set] + _marked[set];
            if (place < border)
                return;
            _members[place] = _members[border];
            _placeOf[_members[place]] = place;
            _members[border] = member;
            _placeOf[member] = border;
            if (_marked[set]++ == 0)
                _touched.Push(set);
        }

        public void Split()
        {
            while (_touched.TryPop(out int set))
            {
                int border = _first[set] + _marked[set];
                int marked = _marked[set];
                _marked[set] = 0;
                if (border == _past[set])
                    continue;
                int fresh = Count++;
                if (marked <= _past[set] - border)
                {
                    (_first[fresh], _past[fresh]) = (_first[set], border);
                    _first[set] = border;
                }
                else
                {
                    (_first[fresh], _past[fresh]) = (border, _past[set]);
                    _past[set] = border;
                }
                for (int i = _first[fresh]; i < _past[fresh]; i++)
                    _setOf[_members[i]] = fresh;
            }
        }
    }
}
