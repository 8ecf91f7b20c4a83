using System.Runtime.CompilerServices;
using Seriatim.Tokenizers;

namespace Seriatim.Generation;

/// <summary>
/// A grammar for the tokens of a vocabulary: which may follow in a state, and where one leads. Any number of sequences, on any
/// threads, share it with what was found.
/// </summary>
internal sealed partial class CompiledGrammar
{
    private const long MostBytes = 64 << 20;

    /// <summary>Most states in which tokens may go on, in one mask.</summary>
    private const int MostCrossings = 1 << 16;

    /// <summary>Where fewer bytes may follow, not all plain characters can come.</summary>
    private const int LeastPlain = 90;

    private static readonly ConditionalWeakTable<Grammar, ConditionalWeakTable<GrammarVocabulary, CompiledGrammar>> Known = [];

    private readonly Lock _lock = new();
    private readonly GrammarMachine _machine;
    private readonly ulong[] _words;
    private readonly Dictionary<long, Crossing> _crossings = [];
    private readonly Queue<Crossing> _waiting = new();
    private readonly List<int> _exits = [];

    /// <summary>What walks found for states that many others are like, by state and trie.</summary>
    private readonly Dictionary<(long State, int Trie), TokenSet> _walked = [];
    private readonly List<GrammarState> _kept = [];
    private long _size;

    private CompiledGrammar(Grammar grammar, GrammarVocabulary vocabulary)
    {
        (Grammar, Vocabulary) = (grammar, vocabulary);
        _words = new ulong[(vocabulary.Size - 1) / 64 + 1];
        try
        {
            _machine = new GrammarMachine(GrammarProgram.Of(grammar, vocabulary.TerminalOf, vocabulary.SpecialOf));
        }
        catch (InsufficientExecutionStackException exception)
        {
            throw new GrammarException(grammar.Kind, "", $"its rules are nested too deeply ({exception.Message})");
        }

        vocabulary.Add(this);
    }

    public Grammar Grammar { get; }

    public GrammarVocabulary Vocabulary { get; }

    /// <summary>Bytes of the masks that are kept.</summary>
    public long MaskBytes => Interlocked.Read(ref _size);

    /// <summary>When it was last asked for a mask that it did not have, in milliseconds of the machine.</summary>
    public long LastUse { get; private set; }

    /// <summary>The state before the first token.</summary>
    public GrammarState Start => _machine.Start;

    /// <summary>The state before the first token, of which the decoder drops a blank.</summary>
    public GrammarState Opening => _machine.Opening;

    /// <summary>A grammar for a tokenizer; compiled once.</summary>
    /// <param name="grammar">The grammar.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="vocabulary">Number of ids of the model.</param>
    public static CompiledGrammar Of(Grammar grammar, Tokenizer tokenizer, int vocabulary) => Known.GetValue(grammar, _ => [])
        .GetValue(GrammarVocabulary.Of(tokenizer, vocabulary), tokens => new CompiledGrammar(grammar, tokens));

    /// <summary>The state after a token; null: it does not follow.</summary>
    public GrammarState? Accept(GrammarState state, int token)
    {
        ReadOnlySpan<byte> bytes = Vocabulary.BytesOf(token).Span;
        lock (_lock)
        {
            if (bytes.IsEmpty)
                return _machine.StepSpecial(state, token);
            GrammarState? next = state;
            if (state.DropsBlank && bytes[0] == ' ')
            {
                next = Start;
                bytes = bytes[1..];
            }

            for (int i = 0; i < bytes.Length && next is not null; i++)
                next = _machine.Step(next, bytes[i]);
            return next;
        }
    }

    /// <summary>The tokens that may follow; ends are not among them (<see cref="GrammarState.CanEnd"/>).</summary>
    public TokenSet TokensOf(GrammarState state)
    {
        if (state.Tokens is { } known)
            return known;
        lock (_lock)
            return state.Tokens ??= state.DropsBlank ? FindOpening(state) : Find(state);
    }

    /// <summary>The only token that may follow; null: there are several, or none, or the text may end.</summary>
    public int? ForcedOf(GrammarState state)
    {
        if (state.CanEnd || state.IsComplete)
            return null;

        // Where several bytes may follow, several tokens may; in vocabularies that lack one of them it is found out later.
        lock (_lock)
        {
            if (state.Tokens is null && state.First(_machine.Program).Count > 1)
                return null;
        }

        TokenSet tokens = TokensOf(state);
        return tokens.Count == 1 ? tokens.Few.IsEmpty ? null : tokens.Few[0] : null;
    }

    /// <summary>Begins to find the tokens of a state on another thread, so that they are there when a row is.</summary>
    public void Prepare(GrammarState state)
    {
        if (state.Tokens is not null || state.IsPrepared || state.IsComplete)
            return;
        state.IsPrepared = true;
        ThreadPool.UnsafeQueueUserWorkItem(static work =>
        {
            try
            {
                work.Compiled.TokensOf(work.State);
            }
            catch (GrammarException)
            {
                // Whoever needs the tokens meets it, too, and can say whose request it is.
            }
        }, (Compiled: this, State: state), preferLocal: false);
    }

    /// <summary>Tokens that begin with a blank are walked from behind it; alone it is no text at all.</summary>
    private TokenSet FindOpening(GrammarState state)
    {
        TokenSet start = TokensOf(Start);
        TokenTrie trie = Vocabulary.TrieFor(0).Trie;
        Array.Clear(_words);
        start.OrInto(_words);
        if (trie.Beginning((byte)' ') is var blank && blank >= 0)
        {
            foreach (int id in trie.From(blank))
                _words[id >> 6] &= ~(1ul << id);
            foreach (int id in trie.At(blank))
                _words[id >> 6] |= 1ul << id;
            CrossAll(() => Cross(Start, trie, [blank]), trie);
        }

        return Keep(state, TokenSet.Of(_words, Vocabulary.Size));
    }

    private TokenSet Find(GrammarState state)
    {
        _plainStates = 0;
        (int plain, bool exact) = state.First(_machine.Program).Count < LeastPlain
            ? (0, false) : PlainOf(state, Vocabulary.LongestPlain);
        (int index, TokenTrie trie, TokenSet? slice) = exact || plain >= Vocabulary.LongestPlain
            ? Vocabulary.PlainUpTo(plain) : Vocabulary.TrieFor(plain);
        GrammarState same = Same(state, index);
        TokenSet? walked = null;
        if (same != state && !_walked.TryGetValue((same.Id, index), out walked))
        {
            Array.Clear(_words);
            CrossAll(() => Begin(same, index, trie), trie);
            _walked.Add((same.Id, index), walked = TokenSet.Of(_words, Vocabulary.Size));
            _size += walked.Size;
            Vocabulary.MakeRoom(this, walked.Size);
        }

        Array.Clear(_words);
        slice?.OrInto(_words);
        if (walked is null)
            CrossAll(() => Begin(state, index, trie), trie);
        else
            walked.OrInto(_words);
        return Keep(state, TokenSet.Of(_words, Vocabulary.Size));
    }

    /// <summary>
    /// A state from which the tokens of a trie do the same: of rounds that are counted, it makes no difference how many more may
    /// come than a token has, nor how many more must.
    /// </summary>
    private GrammarState Same(GrammarState state, int trie)
    {
        int[]? states = null;
        for (int i = 0; i < state.Threads.Length; i++)
        {
            GrammarThread thread = state.Threads[i];
            if (_machine.Program[thread.Instruction].Terminal is not CountedTerminal counted)
                continue;
            (int rounds, int at) = counted.Split(thread.State);
            (int least, int most) = counted.LeftOf(rounds);
            int longest = Vocabulary.RoundsOf(counted.Body, at, trie).Longest;
            int same = least > longest ? 0 : least == 0 && most > longest ? counted.Min : rounds;
            if (states is null)
            {
                states = new int[state.Threads.Length];
                for (int j = 0; j < states.Length; j++)
                    states[j] = state.Threads[j].State;
            }

            states[i] = counted.StateOf(same, at);
        }

        return states is null ? state : _machine.With(state, states);
    }

    /// <summary>The tokens that stay inside the terminals of a state, and those that cross their ends.</summary>
    private void Begin(GrammarState state, int index, TokenTrie trie)
    {
        foreach (GrammarThread thread in state.Threads)
        {
            GrammarInstruction instruction = _machine.Program[thread.Instruction];
            ReadOnlySpan<int> exits;
            switch (instruction.Terminal)
            {
                case TableTerminal terminal:
                    TerminalMask mask = Vocabulary.MaskOf(terminal, thread.State, index);
                    mask.Inside.OrInto(_words);
                    exits = mask.Exits;
                    break;
                case CountedTerminal counted:
                    (int rounds, int at) = counted.Split(thread.State);
                    (int least, int most) = counted.LeftOf(rounds);
                    RoundsMask found = Vocabulary.RoundsOf(counted.Body, at, index);
                    found.OrInto(_words, most);
                    exits = found.Exits(least, most);
                    break;
                case DistinctTerminal distinct:
                    BeginDistinct(distinct, thread, instruction.Next, index, trie);
                    continue;
                default:
                    _words[instruction.Token >> 6] |= 1ul << instruction.Token;
                    continue;
            }

            if (exits.Length > 0)
                Cross(_machine.After(instruction.Next, thread.Stack), trie, exits);
        }
    }

    private void CrossAll(Action begin, TokenTrie trie)
    {
        _waiting.Clear();
        _crossings.Clear();
        begin();
        while (_waiting.TryDequeue(out Crossing? crossing))
            Walk(crossing, trie);
    }

    /// <summary>Notes where tokens go on in a state, unless none of them can.</summary>
    private void Cross(GrammarState state, TokenTrie trie, ReadOnlySpan<int> nodes)
    {
        ByteSet first = state.First(_machine.Program);
        if (first.Count == 0)
            return;
        if (!_crossings.TryGetValue(state.Id, out Crossing? crossing))
        {
            if (_crossings.Count == MostCrossings)
            {
                throw new GrammarException(Grammar.Kind, "", $"more than {MostCrossings} places can follow each other within one "
                    + "token; make it less ambiguous");
            }

            _crossings.Add(state.Id, crossing = new Crossing(state));
        }

        foreach (int node in nodes)
        {
            if (trie.HasChild(node, first) && crossing.Seen.Add(node))
                crossing.Nodes.Add(node);
        }

        if (crossing.Nodes.Count > 0 && !crossing.IsWaiting)
        {
            crossing.IsWaiting = true;
            _waiting.Enqueue(crossing);
        }
    }

    /// <summary>Walks tokens on that have crossed the end of a terminal.</summary>
    private void Walk(Crossing crossing, TokenTrie trie)
    {
        int[] nodes = [.. crossing.Nodes];
        crossing.Nodes.Clear();
        crossing.IsWaiting = false;
        foreach (GrammarThread thread in crossing.State.Threads)
        {
            GrammarInstruction instruction = _machine.Program[thread.Instruction];
            if (instruction.Terminal is not { } terminal)
                continue;
            _exits.Clear();
            foreach (int node in nodes)
            {
                switch (terminal)
                {
                    case TableTerminal table:
                        trie.Walk(table, thread.State, node, _words, _exits);
                        break;
                    case CountedTerminal counted:
                        trie.Walk(counted, thread.State, node, _words, _exits);
                        break;
                    case DistinctTerminal distinct:
                        WalkBelow(distinct, thread.At, trie, node, _words, _exits);
                        break;
                }
            }

            if (_exits.Count > 0)
            {
                Cross(_machine.After(instruction.Next, thread.Stack), trie,
                    System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_exits));
            }
        }
    }

    /// <summary>Forgets its masks, unless it is busy; they are found again.</summary>
    /// <returns>So many bytes are free.</returns>
    public long TryForget()
    {
        if (!_lock.TryEnter())
            return 0;
        try
        {
            long size = _size;
            Forget();
            return size;
        }
        finally
        {
            _lock.Exit();
        }
    }

    private TokenSet Keep(GrammarState state, TokenSet tokens)
    {
        int size = tokens.Size + state.Size;
        if (_size + size > MostBytes)
            Forget();
        _size += size;
        LastUse = Environment.TickCount64;
        _kept.Add(state);
        Vocabulary.MakeRoom(this, size);
        return tokens;
    }

    private void Forget()
    {
        foreach (GrammarState other in _kept)
            (other.Tokens, other.IsPrepared) = (null, false);
        _kept.Clear();
        _walked.Clear();
        _following.Clear();
        _leaving.Clear();
        _size = 0;
    }

    /// <summary>A state in which tokens go on, and the nodes of the trie at which they do.</summary>
    private sealed class Crossing(GrammarState state)
    {
        public GrammarState State => state;

        public List<int> Nodes { get; } = [];

        public HashSet<int> Seen { get; } = [];

        public bool IsWaiting { get; set; }
    }
}
