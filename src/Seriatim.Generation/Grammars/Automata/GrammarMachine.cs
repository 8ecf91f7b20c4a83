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

    private readonly HashSet<StackKey> _stacks = [];
    private readonly HashSet<StateKey> _states = [];
    private readonly Dictionary<(int Instruction, long Stack), GrammarState> _after = [];
    private readonly List<GrammarThread> _threads = [];
    private readonly Stack<(long Place, GrammarStack Stack)> _waiting = new();
    private readonly HashSet<(long Place, long Stack)> _visited = [];
    private readonly Dictionary<(long A, long B), GrammarStack> _unions = [];
    private long _ids;

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
            int next = terminal.Language.Next(thread.State, value);
            if (next == ByteDfa.Dead)
                continue;
            if (terminal.GoesOn[next])
                threads.Add(thread with { State = next });
            if (terminal.Language.Accepts(next))
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

    /// <summary>What can be read from an instruction on, with a stack below.</summary>
    /// <exception cref="GrammarException">There are too many ways to read a text.</exception>
    public GrammarState After(int instruction, GrammarStack stack)
    {
        if (_after.TryGetValue((instruction, stack.Id), out GrammarState? known))
            return known;
        if (_after.Count + _states.Count + _stacks.Count > MostKept)
            Forget();
        _threads.Clear();
        _visited.Clear();
        _waiting.Push((GrammarFrame.PlaceOf(instruction, 0), stack));
        bool canEnd = false;
        while (_waiting.TryPop(out (long Place, GrammarStack Stack) at))
        {
            if (!_visited.Add((at.Place, at.Stack.Id)))
                continue;
            if (_visited.Count > MostVisits)
            {
                _waiting.Clear();
                throw TooMany(_visited.Count, MostVisits, "places that a text may stand at");
            }

            canEnd |= Visit((int)(at.Place >> 32), (int)at.Place, at.Stack);
        }

        GrammarState state = StateOf(_threads, canEnd);
        _after.Add((instruction, stack.Id), state);
        return state;
    }

    /// <summary>Follows an instruction as far as no byte is read; true: the text may end.</summary>
    private bool Visit(int at, int rounds, GrammarStack stack)
    {
        GrammarInstruction instruction = Program[at];
        switch (instruction.Step)
        {
            case GrammarStep.Return:
                foreach (GrammarFrame frame in stack.Frames)
                    _waiting.Push((frame.Place, frame.Below));
                return stack.CanEnd;
            case GrammarStep.Terminal:
                if (instruction.Terminal!.GoesOn[ByteDfa.Start])
                    _threads.Add(new GrammarThread(at, ByteDfa.Start, stack));
                if (instruction.Terminal.Language.Accepts(ByteDfa.Start))
                    Go(instruction.Next, stack);
                return false;
            case GrammarStep.Special:
                _threads.Add(new GrammarThread(at, 0, stack));
                return false;
            case GrammarStep.Split:
                foreach (int target in instruction.Targets)
                    Go(target, stack);
                return false;
            case GrammarStep.Call:
                // What ends with a call goes back where the caller would: lists that are written as recursion need no stack.
                Go(Program.StartOf(instruction.Targets[0]), instruction.Next == GrammarProgram.End
                    ? stack : Push(instruction.Next, 0, stack));
                return false;
            default:
                if (rounds >= instruction.Min)
                    Go(instruction.Next, stack);
                if (instruction.Max is not { } max)
                    Go(instruction.Targets[0], Push(at, Math.Min(rounds + 1, instruction.Min), stack));
                else if (rounds < max)
                    Go(instruction.Targets[0], Push(at, rounds + 1, stack));
                return false;
        }
    }

    private void Go(int instruction, GrammarStack stack) => _waiting.Push((GrammarFrame.PlaceOf(instruction, 0), stack));

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
            threads.Sort((a, b) => a.Place.CompareTo(b.Place));
            int kept = 0;
            for (int i = 1; i < threads.Count; i++)
            {
                if (threads[i].Place == threads[kept].Place)
                    threads[kept] = threads[kept] with { Stack = Union(threads[kept].Stack, threads[i].Stack) };
                else
                    threads[++kept] = threads[i];
            }

            threads.RemoveRange(kept + 1, threads.Count - kept - 1);
            _unions.Clear();
        }

        if (threads.Count > MostThreads)
            throw TooMany(threads.Count, MostThreads, "readings of the text at a time");
        var key = new StateKey(new GrammarState(_ids, canEnd, [.. threads]));
        if (_states.TryGetValue(key, out StateKey known))
            return known.State;
        _ids++;
        _states.Add(key);
        return key.State;
    }

    private GrammarStack StackOf(bool canEnd, GrammarFrame[] frames)
    {
        var key = new StackKey(new GrammarStack(_ids, canEnd, frames));
        if (_stacks.TryGetValue(key, out StackKey known))
            return known.Stack;
        _ids++;
        _stacks.Add(key);
        return key.Stack;
    }

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
                if (mine[i].Place != others[i].Place || !ReferenceEquals(mine[i].Stack, others[i].Stack))
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
                hash.Add(thread.Stack.Id);
            }

            return hash.ToHashCode();
        }
    }
}
