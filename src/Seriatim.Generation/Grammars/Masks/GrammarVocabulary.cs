using System.Runtime.CompilerServices;
using Seriatim.Tokenizers;

namespace Seriatim.Generation;

/// <summary>
/// The tokens of a tokenizer as bytes, for all grammars: the trie of them, tries without those that can be taken together, and
/// what was found out about terminals that many grammars have.
/// </summary>
internal sealed class GrammarVocabulary
{
    private const int MostTerminals = 4096;
    private const long MostBytes = 128 << 20;

    /// <summary>Longest tokens of plain characters that are taken together, where only so many may come.</summary>
    private static readonly int[] SliceLengths = [int.MaxValue - 1, 24, 10];

    private static readonly ConditionalWeakTable<Tokenizer, Dictionary<int, GrammarVocabulary>> Known = [];

    private readonly byte[] _bytes;
    private readonly int[] _starts;
    private readonly Dictionary<string, int> _special = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Terminal> _terminals = new(StringComparer.Ordinal);
    private readonly (TokenSet Tokens, TokenTrie Others)[] _slices;
    private readonly TokenTrie _trie;
    private long _size;

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
        _trie = new TokenTrie(texts, BytesOf);
        _slices = [.. SliceLengths.Select(most => SliceOf(texts, plain, most))];
    }

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
    public Terminal TerminalOf(ByteDfa language)
    {
        string key = Terminals.KeyOf(language);
        lock (_terminals)
        {
            if (_terminals.Count >= MostTerminals)
                _terminals.Clear();
            if (!_terminals.TryGetValue(key, out Terminal? terminal))
                _terminals.Add(key, terminal = new Terminal(language));
            return terminal;
        }
    }

    /// <summary>What all tokens do in a state of a terminal. Found once; two threads that ask at a time find the same.</summary>
    public TerminalMask MaskOf(Terminal terminal, int state)
    {
        if (terminal[state] is { } known)
            return known;
        (TokenSet Tokens, TokenTrie Others)? slice = SliceFor(terminal.First(state).Count < 32 ? 0 : terminal.PlainReach(state));
        TokenTrie trie = slice?.Others ?? _trie;
        ulong[] words = new ulong[(Size - 1) / 64 + 1];
        var exits = new List<int>();
        trie.Walk(terminal, state, 0, words, exits);
        var mask = new TerminalMask(slice?.Tokens, TokenSet.Of(words, Size), trie, [.. exits]);
        if (Interlocked.Add(ref _size, mask.Size) > MostBytes)
            Forget();
        terminal[state] = mask;
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

    private (TokenSet, TokenTrie) SliceOf(int[] texts, int[] plain, int most)
    {
        ulong[] words = new ulong[(Size - 1) / 64 + 1];
        var rest = new List<int>();
        foreach (int id in texts)
        {
            if (plain[id] >= 0 && plain[id] <= most)
                words[id >> 6] |= 1ul << id;
            else
                rest.Add(id);
        }

        return (TokenSet.Of(words, Size), new TokenTrie([.. rest], BytesOf));
    }

    private (TokenSet, TokenTrie)? SliceFor(int reach)
    {
        for (int i = 0; i < SliceLengths.Length; i++)
        {
            // The longest token is shorter than the first length, which stands for a reach that no token goes beyond.
            if (reach >= Math.Min(SliceLengths[i], _trie.Deepest))
                return _slices[i];
        }

        return null;
    }

    /// <summary>Forgets what was found out about terminals; it is found again.</summary>
    internal void Forget()
    {
        lock (_terminals)
        {
            foreach (Terminal terminal in _terminals.Values)
                terminal.Forget();
        }

        Interlocked.Exchange(ref _size, 0);
    }
}
