using System.Runtime.CompilerServices;
using Seriatim.Tokenizers;

namespace Seriatim.Generation;

/// <summary>
/// The tokens of a tokenizer as bytes, for all grammars: the trie of them, tries without those that can be taken together, and
/// what was found out about terminals that many grammars have.
/// </summary>
internal sealed class GrammarVocabulary
{
    /// <summary>Most bytes of the masks of terminals, and of the states of all grammars.</summary>
    private const long MostBytes = 128 << 20;

    /// <summary>Most bytes of terminals that are kept for the next grammar, though none may have them any more.</summary>
    private const long MostHeld = 32 << 20;

    /// <summary>A mask of so many tokens, and places where others go on, was dear to find.</summary>
    private const int DearMask = 512;

    /// <summary>Number of tries: that of all tokens, and those of what slices leave.</summary>
    public const int Tries = 4;

    /// <summary>
    /// Slices of plain characters are: all of them, and those of at most so many characters, where only so many may come.
    /// </summary>
    private static readonly int[] SliceLengths = [24, 10];

    private static readonly ConditionalWeakTable<Tokenizer, Dictionary<int, GrammarVocabulary>> Known = [];

    private readonly byte[] _bytes;
    private readonly int[] _starts;
    private readonly Dictionary<string, int> _special = new(StringComparer.Ordinal);
    private readonly Dictionary<string, WeakReference<TableTerminal>> _terminals = new(StringComparer.Ordinal);
    private readonly Queue<TableTerminal> _held = new();
    private readonly List<WeakReference<CompiledGrammar>> _grammars = [];
    private readonly (int Length, TokenSet? Tokens, TokenTrie Others)[] _tries;
    private readonly Lazy<TokenSet>[] _upTo;
    private long _size;
    private long _heldBytes;
    private long _masks;
    private int _looked = 256;

    private GrammarVocabulary(Tokenizer tokenizer, int vocabulary)
    {
        Size = vocabulary;
        var bytes = new List<byte>();
        _starts = new int[vocabulary + 1];
        var plain = new int[vocabulary];
        for (int id = 0; id < vocabulary; id++)
        {
            byte[] text = TextOf(tokenizer, id);
            bytes.AddRange(text);
            _starts[id + 1] = bytes.Count;
            plain[id] = text.Length == 0 ? -1 : PlainReach.Count(text);
            if (id < tokenizer.VocabularySize && tokenizer.IsSpecial(id))
                _special.TryAdd(tokenizer.PieceOf(id), id);
        }

        _bytes = [.. bytes];
        int[] texts = [.. Enumerable.Range(0, vocabulary).Where(id => _starts[id + 1] > _starts[id])];
        texts.AsSpan().Sort((a, b) => BytesOf(a).Span.SequenceCompareTo(BytesOf(b).Span) is not 0 and var order ? order : a - b);
        BlankWord = texts.FirstOrDefault(id => BytesOf(id).Span is [(byte)' ', >= (byte)'a' and <= (byte)'z', ..], -1);
        int longest = Math.Max(plain.Max(), SliceLengths[0] + 1);
        int[] byLength = [.. Enumerable.Range(0, vocabulary).Where(id => plain[id] >= 0).OrderBy(id => plain[id])];
        _upTo = [.. Enumerable.Range(0, longest + 1).Select(most =>
        {
            int count = Array.FindLastIndex(byLength, id => plain[id] <= most) + 1;
            return new Lazy<TokenSet>(() => PlainOf(byLength, count));
        })];
        _tries =
        [
            (0, null, new TokenTrie(texts, BytesOf)), SliceOf(texts, plain, longest),
            .. SliceLengths.Select(most => SliceOf(texts, plain, most)),
        ];
    }

    /// <summary>A token of a blank and a letter, to try decoders with; -1: there is none.</summary>
    public int BlankWord { get; }

    /// <summary>Number of ids of the model; those that the tokenizer does not have are never allowed.</summary>
    public int Size { get; }

    /// <summary>The vocabulary of a tokenizer; made once.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="vocabulary">Number of ids of the model.</param>
    public static GrammarVocabulary Of(Tokenizer tokenizer, int vocabulary)
    {
        Dictionary<int, GrammarVocabulary> bySize = Known.GetValue(tokenizer, _ => []);
        lock (bySize)
        {
            if (!bySize.TryGetValue(vocabulary, out GrammarVocabulary? known))
                bySize.Add(vocabulary, known = new GrammarVocabulary(tokenizer, vocabulary));
            return known;
        }
    }

    /// <summary>The bytes of a token; none of special tokens and of those that are no text.</summary>
    public ReadOnlyMemory<byte> BytesOf(int id) => (uint)id < (uint)Size
        ? _bytes.AsMemory(_starts[id], _starts[id + 1] - _starts[id]) : default;

    /// <summary>The special token of a text; null: there is none.</summary>
    public int? SpecialOf(string text) => _special.TryGetValue(text, out int id) ? id : null;

    /// <summary>The one terminal for all equal automata.</summary>
    public TableTerminal TerminalOf(ByteDfa language)
    {
        string key = Terminals.KeyOf(language);
        lock (_terminals)
        {
            if (_terminals.TryGetValue(key, out WeakReference<TableTerminal>? known)
                && known.TryGetTarget(out TableTerminal? terminal))
            {
                return terminal;
            }

            if (_terminals.Count >= _looked)
            {
                foreach ((string gone, WeakReference<TableTerminal> weak) in _terminals)
                {
                    if (!weak.TryGetTarget(out _))
                        _terminals.Remove(gone);
                }

                _looked = Math.Max(256, 2 * _terminals.Count);
            }

            terminal = new TableTerminal(language);
            _terminals[key] = new WeakReference<TableTerminal>(terminal);
            _held.Enqueue(terminal);
            for (_heldBytes += terminal.Size; _heldBytes > MostHeld; _heldBytes -= _held.Dequeue().Size)
            {
            }

            return terminal;
        }
    }

    /// <summary>Bytes of the terminals that are kept for the next grammar.</summary>
    internal long HeldBytes => _heldBytes;

    /// <summary>Takes a grammar in among those that share the room for masks.</summary>
    public void Add(CompiledGrammar grammar)
    {
        lock (_grammars)
        {
            _grammars.RemoveAll(one => !one.TryGetTarget(out _));
            _grammars.Add(new WeakReference<CompiledGrammar>(grammar));
        }
    }

    /// <summary>
    /// Makes room for the masks of a grammar's states: if all grammars together have too many, those that were not used for long
    /// forget theirs.
    /// </summary>
    /// <param name="asking">The grammar; it keeps its own.</param>
    /// <param name="bytes">What it takes more.</param>
    /// <param name="most">Most bytes of all; null: the usual.</param>
    public void MakeRoom(CompiledGrammar asking, long bytes, long? most = null)
    {
        if (Interlocked.Add(ref _masks, bytes) <= (most ?? MostBytes))
            return;
        lock (_grammars)
        {
            var others = new List<CompiledGrammar>();
            long sum = 0;
            foreach (WeakReference<CompiledGrammar> weak in _grammars)
            {
                if (!weak.TryGetTarget(out CompiledGrammar? grammar))
                    continue;
                sum += grammar.MaskBytes;
                if (grammar != asking)
                    others.Add(grammar);
            }

            foreach (CompiledGrammar grammar in others.OrderBy(one => one.LastUse))
            {
                if (sum <= (most ?? MostBytes) * 3 / 4)
                    break;
                sum -= grammar.TryForget();
            }

            Interlocked.Exchange(ref _masks, sum);
        }
    }

    /// <summary>One of the tries by its index.</summary>
    public TokenTrie Trie(int index) => _tries[index].Others;

    /// <summary>Longest token of plain characters alone.</summary>
    public int LongestPlain => _tries[1].Length;

    /// <summary>The tokens of at most so many plain characters, which need no walk where exactly so many may come.</summary>
    public (int Index, TokenTrie Trie, TokenSet? Slice) PlainUpTo(int characters) =>
        (1, _tries[1].Others, characters >= LongestPlain ? _tries[1].Tokens : _upTo[characters].Value);

    /// <summary>
    /// The trie to walk where all tokens of plain characters may come, up to some length, and those tokens: they need no walk.
    /// </summary>
    /// <param name="characters">So many plain characters, whichever they are, may come, and perhaps some of those after.</param>
    public (int Index, TokenTrie Trie, TokenSet? Slice) TrieFor(int characters)
    {
        for (int i = 1; i < _tries.Length; i++)
        {
            if (characters >= _tries[i].Length)
                return (i, _tries[i].Others, _tries[i].Tokens);
        }

        return (0, _tries[0].Others, null);
    }

    /// <summary>
    /// What the tokens of a trie do in a state of a terminal. Found once; two threads that ask at a time find the same.
    /// </summary>
    public TerminalMask MaskOf(TableTerminal terminal, int state, int trie)
    {
        if (terminal[state, trie] is { } known)
            return known;
        TerminalMask mask = Find(terminal, state, trie);
        terminal[state, trie] = mask;
        return mask;
    }

    private TerminalMask Find(TableTerminal terminal, int state, int trie)
    {
        TokenTrie tokens = _tries[trie].Others;
        if (terminal.Near is not { } nearMasks)
        {
            TerminalMask all = Found((words, exits) => tokens.Walk(terminal, state, 0, words, exits));
            if (all.Inside.Count + all.Exits.Length > DearMask)
                terminal.CountDear();
            return all;
        }

        if (nearMasks.Find(state, trie) is not { } near)
        {
            near = Found((words, exits) => tokens.Walk(terminal, state, 0, words, exits, TokenTrie.Near));
            nearMasks.Keep(state, trie, near);
        }

        return !tokens.GoesFar(terminal, state) ? near : Found((words, exits) =>
        {
            near.Inside.OrInto(words);
            exits.AddRange(near.Exits);
            tokens.WalkFar(terminal, state, words, exits);
        });
    }

    private TerminalMask Found(Action<ulong[], List<int>> walk)
    {
        ulong[] words = new ulong[(Size - 1) / 64 + 1];
        var exits = new List<int>();
        walk(words, exits);
        var mask = new TerminalMask(TokenSet.Of(words, Size), [.. exits]);
        if (Interlocked.Add(ref _size, mask.Size) > MostBytes)
            Forget();
        return mask;
    }

    /// <summary>
    /// What the tokens of a trie do in a state of one of many rounds. Found once; two threads that ask at a time find the same.
    /// </summary>
    public RoundsMask RoundsOf(TableTerminal body, int state, int trie)
    {
        if (body.RoundsOf(state, trie) is { } known)
            return known;
        var tokens = new List<(int Token, int Rounds)>();
        var exits = new List<(int Node, int Rounds)>();
        _tries[trie].Others.Measure(body, state, tokens, exits);
        var mask = new RoundsMask(tokens, exits, Size);
        if (Interlocked.Add(ref _size, mask.Size) > MostBytes)
            Forget();
        body.Keep(state, trie, mask);
        return mask;
    }

    private static byte[] TextOf(Tokenizer tokenizer, int id)
    {
        if (id >= tokenizer.VocabularySize || tokenizer.IsSpecial(id) || id == tokenizer.UnkId
            || id == tokenizer.BosId || id == tokenizer.EosId || id == tokenizer.PadId)
        {
            return [];
        }

        return tokenizer.TryGetBytes(id, out byte[]? bytes) ? bytes : [];
    }

    private TokenSet PlainOf(int[] byLength, int count)
    {
        ulong[] words = new ulong[(Size - 1) / 64 + 1];
        foreach (int id in byLength.AsSpan(0, count))
            words[id >> 6] |= 1ul << id;
        return TokenSet.Of(words, Size);
    }

    private (int, TokenSet?, TokenTrie) SliceOf(int[] texts, int[] plain, int most) => (most, _upTo[most].Value,
        new TokenTrie([.. texts.Where(id => plain[id] < 0 || plain[id] > most)], BytesOf));

    /// <summary>Forgets what was found out about terminals; it is found again.</summary>
    internal void Forget()
    {
        lock (_terminals)
        {
            foreach (WeakReference<TableTerminal> weak in _terminals.Values)
            {
                if (weak.TryGetTarget(out TableTerminal? terminal))
                    terminal.Forget();
            }
        }

        Interlocked.Exchange(ref _size, 0);
    }
}
