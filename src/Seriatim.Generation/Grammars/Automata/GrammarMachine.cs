namespace Seriatim.Generation;

/// <summary>
/// Walks a grammar: from state to state by bytes and special tokens. Equal stacks and states are one object; what was found is
/// kept as long as there is room. Used by one thread at a time.
/// </summary>
internal sealed class GrammarMachine
{
    /// <summary>Most readings of a text at a time.</summary>
    public const int MostThreads = 1 << 15;

    private const int MostVisits = 1 << 20;
    private const int MostKept = 1 << 16;

    /// <summary>Most threads and frames of what is kept: readings can need many of both.</summary>
    private const int MostParts = 1 << 20;

    private readonly HashSet<StackKey> _stacks = [];
    private readonly HashSet<StateKey> _states = [];
    private readonly Dictionary<(int Instruction, long Stack), GrammarState> _after = [];
    private readonly Dictionary<(Terminal Terminal, TerminalPlace Place, byte Value), TerminalPlace> _items = [];
    private readonly List<GrammarThread> _threads = [];
    private readonly Stack<(long Place, GrammarStack Stack)> _returning = new();
    private readonly PriorityQueue<(long Place, GrammarStack Stack), long> _waiting = new();
    private readonly List<GrammarStack> _meeting = [];
    private readonly HashSet<(long Place, long Stack)> _visited = [];
    private readonly Dictionary<(long A, long B), GrammarStack> _unions = [];
    private long _ids;
    private int _parts;
    private int _visits;

    public GrammarMachine(GrammarProgram program)
    {
        Program = program;
        GrammarStack bottom = new(_ids++, canEnd: true, []);
        Start = After(program.Start, bottom);
        Opening = new GrammarState(_ids++, Start.CanEnd, Start.Threads.ToArray()) { DropsBlank = true };
    }

    public GrammarProgram Program { get; }

    /// <summary>The state before a text.</summary>
    public GrammarState Start { get; }

    /// <summary>The state before a text of whose first token a blank is dropped.</summary>
    public GrammarState Opening { get; }

    /// <summary>The state after a byte; null: no text of the grammar goes on with it.</summary>
    public GrammarState? Step(GrammarState state, byte value)
    {
        var threads = new List<GrammarThread>();
        bool canEnd = false;
        foreach (GrammarThread thread in state.Threads)
        {
            GrammarInstruction instruction = Program[thread.Instruction];
            if (instruction.Terminal is not { } terminal)
                continue;
            TerminalPlace next = Next(terminal, thread.At, value);
            if (next.IsDead)
                continue;
            if (terminal.MayGoOn(next))
                threads.Add(thread with { At = next });
            if (terminal.MayEnd(next))
                canEnd |= AddAfter(threads, instruction.Next, thread.Stack);
        }

        return threads.Count == 0 && !canEnd ? null : StateOf(threads, canEnd);
    }

    /// <summary>The state after a special token; null: none can come.</summary>
    public GrammarState? StepSpecial(GrammarState state, int token)
    {
        var threads = new List<GrammarThread>();
        bool canEnd = false;
        foreach (GrammarThread thread in state.Threads)
        {
            GrammarInstruction instruction = Program[thread.Instruction];
            if (instruction.Step == GrammarStep.Special && instruction.Token == token)
                canEnd |= AddAfter(threads, instruction.Next, thread.Stack);
        }

        return threads.Count == 0 && !canEnd ? null : StateOf(threads, canEnd);
    }

    /// <summary>
    /// The place after a byte: one object for those that come the same way, so that their states are one.
    /// </summary>
    private TerminalPlace Next(Terminal terminal, TerminalPlace place, byte value)
    {
        if (place.Items is null)
            return terminal.Next(place, value);
        if (_items.TryGetValue((terminal, place, value), out TerminalPlace known))
            return known;
        if (_items.Count > MostKept)
            Forget();
        TerminalPlace next = terminal.Next(place, value);
        _items.Add((terminal, place, value), next);
        return next;
    }

    /// <summary>The same readings with other states of their terminals.</summary>
    /// <param name="state">The readings.</param>
    /// <param name="states">Their states.</param>
    public GrammarState With(GrammarState state, ReadOnlySpan<int> states)
    {
        var threads = new List<GrammarThread>(states.Length);
        for (int i = 0; i < states.Length; i++)
            threads.Add(state.Threads[i] with { At = state.Threads[i].At with { State = states[i] } });
        return StateOf(threads, state.CanEnd);
    }

    /// <summary>What can be read from an instruction on, with a stack below.</summary>
    /// <exception cref="GrammarException">There are too many ways to read a text.</exception>
    public GrammarState After(int instruction, GrammarStack stack)
    {
        if (_after.TryGetValue((instruction, stack.Id), out GrammarState? known))
            return known;
        if (_after.Count + _states.Count + _stacks.Count > MostKept || _parts > MostParts)
            Forget();
        _threads.Clear();
        _visited.Clear();
        _returning.Clear();
        _waiting.Clear();
        _visits = 0;
        bool canEnd = Return(GrammarFrame.PlaceOf(instruction, 0), stack);
        while (_waiting.TryDequeue(out (long Place, GrammarStack Stack) at, out long order))
        {
            // All that lead to a place come before it, so it is visited once, with the stacks of all of them.
            GrammarStack merged = at.Stack;
            if (_waiting.TryPeek(out _, out long next) && next == order)
            {
                _meeting.Clear();
                _meeting.Add(at.Stack);
                while (_waiting.TryPeek(out _, out next) && next == order)
                    _meeting.Add(_waiting.Dequeue().Stack);
                merged = Union(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_meeting));
            }

            Count();
            Visit((int)(at.Place >> 32), (int)at.Place, merged);
        }

        GrammarState state = StateOf(_threads, canEnd);
        _after.Add((instruction, stack.Id), state);
        return state;
    }

    /// <summary>
    /// Begins at a place, and wherever that goes back to before a byte is read; true: the text may end. What is called later on
    /// and may be empty is passed over where it is called, so nothing else goes back.
    /// </summary>
    private bool Return(long place, GrammarStack stack)
    {
        bool canEnd = false;
        _returning.Push((place, stack));
        while (_returning.TryPop(out (long Place, GrammarStack Stack) at))
        {
            (int instruction, int rounds) = ((int)(at.Place >> 32), (int)at.Place);
            Go(instruction, rounds, at.Stack);
            if (!Program.CanReturn(instruction, rounds))
                continue;
            canEnd |= at.Stack.CanEnd;
            foreach (GrammarFrame frame in at.Stack.Frames)
            {
                if (!_visited.Add((frame.Place, frame.Below.Id)))
                    continue;
                Count();
                _returning.Push((frame.Place, frame.Below));
            }
        }

        return canEnd;
    }

    /// <summary>Follows an instruction as far as no byte is read.</summary>
    private void Visit(int at, int rounds, GrammarStack stack)
    {
        GrammarInstruction instruction = Program[at];
        switch (instruction.Step)
        {
            case GrammarStep.Terminal:
                if (instruction.Terminal!.MayGoOn(instruction.Terminal.Start))
                    _threads.Add(new GrammarThread(at, instruction.Terminal.Start, stack));
                if (Program.CanBeEmpty(at))
                    Go(instruction.Next, 0, stack);
                break;
            case GrammarStep.Special:
                _threads.Add(new GrammarThread(at, new TerminalPlace(0), stack));
                break;
            case GrammarStep.Split:
                foreach (int target in instruction.Targets)
                    Go(target, 0, stack);
                break;
            case GrammarStep.Call:
                // What ends with a call goes back where the caller would: lists that are written as recursion need no stack.
                Go(Program.StartOf(instruction.Targets[0]), 0, instruction.Next == GrammarProgram.End
                    ? stack : Push(instruction.Next, 0, stack));
                if (Program.CanBeEmpty(at))
                    Go(instruction.Next, 0, stack);
                break;
            case GrammarStep.Loop:
                if (rounds >= instruction.Min)
                    Go(instruction.Next, 0, stack);
                if (rounds >= instruction.Max)
                    break;
                int begun = instruction.Max is null ? Math.Min(rounds + 1, instruction.Min) : rounds + 1;
                Go(instruction.Targets[0], 0, Push(at, begun, stack));
                if (begun != rounds && Program.CanBeEmpty(at))
                    Go(at, begun, stack);
                break;
        }
    }

    /// <summary>Goes on at a place: at once where a byte is read there, else when all who lead there have come.</summary>
    private void Go(int at, int rounds, GrammarStack stack)
    {
        if (Program.OnlyReads(at))
            _threads.Add(new GrammarThread(at, Program[at].Terminal?.Start ?? new TerminalPlace(0), stack));
        else if (at != GrammarProgram.End)
            _waiting.Enqueue((GrammarFrame.PlaceOf(at, rounds), stack), Program.OrderOf(at, rounds));
    }

    private void Count()
    {
        if (++_visits > MostVisits)
            throw TooMany(_visits, MostVisits, "places that a text may stand at");
    }

    private GrammarStack Push(int instruction, int rounds, GrammarStack below) =>
        StackOf(false, [new GrammarFrame(GrammarFrame.PlaceOf(instruction, rounds), below)]);

    private bool AddAfter(List<GrammarThread> threads, int instruction, GrammarStack stack)
    {
        GrammarState after = After(instruction, stack);
        threads.AddRange(after.Threads);
        return after.CanEnd;
    }

    /// <summary>The state with these threads; those at one place become one, on the stacks of both.</summary>
    private GrammarState StateOf(List<GrammarThread> threads, bool canEnd)
    {
        if (threads.Count > 1)
        {
            threads.Sort((a, b) => a.Place.CompareTo(b.Place) is not 0 and var order ? order
                : (a.At.Items?.Id ?? 0).CompareTo(b.At.Items?.Id ?? 0));
            int kept = 0;
            for (int i = 0; i < threads.Count;)
            {
                int first = i;
                while (++i < threads.Count && threads[i].IsAt(threads[first]))
                {
                }

                threads[kept++] = i == first + 1 ? threads[first] : threads[first] with { Stack = UnionOf(threads, first, i) };
            }

            threads.RemoveRange(kept, threads.Count - kept);
        }

        _unions.Clear();
        if (threads.Count > MostThreads)
            throw TooMany(threads.Count, MostThreads, "readings of the text at a time");
        var key = new StateKey(new GrammarState(_ids, canEnd, [.. threads]));
        if (_states.TryGetValue(key, out StateKey known))
            return known.State;
        _ids++;
        _parts += threads.Count;
        _states.Add(key);
        return key.State;
    }

    private GrammarStack StackOf(bool canEnd, GrammarFrame[] frames)
    {
        var key = new StackKey(new GrammarStack(_ids, canEnd, frames));
        if (_stacks.TryGetValue(key, out StackKey known))
            return known.Stack;
        _ids++;
        _parts += frames.Length;
        _stacks.Add(key);
        return key.Stack;
    }

    private GrammarStack UnionOf(List<GrammarThread> threads, int first, int end)
    {
        _meeting.Clear();
        for (int i = first; i < end; i++)
            _meeting.Add(threads[i].Stack);
        return Union(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_meeting));
    }

    /// <summary>By halves, so that many stacks cost little more than what comes of them.</summary>
    private GrammarStack Union(ReadOnlySpan<GrammarStack> stacks) => stacks.Length == 1 ? stacks[0]
        : Union(Union(stacks[..(stacks.Length / 2)]), Union(stacks[(stacks.Length / 2)..]));

    private GrammarStack Union(GrammarStack a, GrammarStack b)
    {
        if (ReferenceEquals(a, b))
            return a;
        (long, long) pair = a.Id < b.Id ? (a.Id, b.Id) : (b.Id, a.Id);
        if (_unions.TryGetValue(pair, out GrammarStack? known))
            return known;
        if (!System.Runtime.CompilerServices.RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw new GrammarException("Grammar", "", "two readings of the text are nested too deeply to go on with both");
        var frames = new List<GrammarFrame>(a.Frames.Length + b.Frames.Length);
        int i = 0, j = 0;
        while (i < a.Frames.Length || j < b.Frames.Length)
        {
            if (j == b.Frames.Length || (i < a.Frames.Length && a.Frames[i].Place < b.Frames[j].Place))
                frames.Add(a.Frames[i++]);
            else if (i == a.Frames.Length || b.Frames[j].Place < a.Frames[i].Place)
                frames.Add(b.Frames[j++]);
            else
                frames.Add(new GrammarFrame(a.Frames[i].Place, Union(a.Frames[i++].Below, b.Frames[j++].Below)));
        }

        GrammarStack union = StackOf(a.CanEnd || b.CanEnd, [.. frames]);
        _unions.Add(pair, union);
        return union;
    }

    /// <summary>
    /// What lives on in states and stacks goes on to hold; equal ones that come later are others, which costs time alone.
    /// </summary>
    private void Forget()
    {
        _stacks.Clear();
        _states.Clear();
        _after.Clear();
        _unions.Clear();
        _items.Clear();
        _parts = 0;
    }

    private static GrammarException TooMany(int count, int most, string what) => new("Grammar", "",
        $"{count} {what} are more than the {most} that are followed; make it less ambiguous");

    /// <summary>Compares what stacks are made of.</summary>
    private readonly record struct StackKey(GrammarStack Stack)
    {
        public bool Equals(StackKey other)
        {
            ReadOnlySpan<GrammarFrame> mine = Stack.Frames, others = other.Stack.Frames;
            if (Stack.CanEnd != other.Stack.CanEnd || mine.Length != others.Length)
                return false;
            for (int i = 0; i < mine.Length; i++)
            {
                if (mine[i].Place != others[i].Place || !ReferenceEquals(mine[i].Below, others[i].Below))
                    return false;
            }

            return true;
        }

        public override int GetHashCode()
        {
            var hash = new HashCode();
            hash.Add(Stack.CanEnd);
            foreach (GrammarFrame frame in Stack.Frames)
            {
                hash.Add(frame.Place);
                hash.Add(frame.Below.Id);
            }

            return hash.ToHashCode();
        }
    }

    /// <summary>Compares what states are made of.</summary>
    private readonly record struct StateKey(GrammarState State)
    {
        public bool Equals(StateKey other)
        {
            ReadOnlySpan<GrammarThread> mine = State.Threads, others = other.State.Threads;
            if (State.CanEnd != other.State.CanEnd || mine.Length != others.Length)
                return false;
            for (int i = 0; i < mine.Length; i++)
            {
                if (!mine[i].IsAt(others[i]) || !ReferenceEquals(mine[i].Stack, others[i].Stack))
                    return false;
            }

            return true;
        }

        public override int GetHashCode()
        {
            var hash = new HashCode();
            hash.Add(State.CanEnd);
            foreach (GrammarThread thread in State.Threads)
            {
                hash.Add(thread.Place);
                hash.Add(thread.At.Items?.Id ?? 0);
                hash.Add(thread.Stack.Id);
            }

            return hash.ToHashCode();
        }
    }
}
