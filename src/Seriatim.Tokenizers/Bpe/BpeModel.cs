using System.Text;

namespace Seriatim.Tokenizers;

/// <summary>
/// Byte pair encoding (Sennrich et al. 2016, algorithm 1): a word starts as single characters and neighbours merge in the
/// order of the merge ranks. One model serves merges given as pairs (<c>tokenizer.json</c>, GPT-2), as ranks (tiktoken) and
/// as scores (SentencePiece BPE); see <see cref="BpeBuilder"/>.
/// </summary>
/// <remarks>
/// Symbols are ids of the vocabulary; <see cref="_extra"/> symbols from <c>Vocabulary.Size</c> up are characters that only
/// occur inside pieces and may merge into one.
/// </remarks>
internal sealed class BpeModel : ITokenModel
{
    /// <summary>U+2581, the visible space of SentencePiece.</summary>
    private const char VisibleSpace = '\u2581';

    private readonly MergeTable _merges;
    private readonly SymbolTable _symbols;
    private readonly BpeOptions _options;
    private readonly int _firstExtra;
    private readonly int[] _extra;
    private readonly bool _cutAtSpaces;
    private readonly bool _affixes;
    private readonly bool _useBytes;
    private readonly WordCache _cache = new();

    /// <summary>
    /// Creates the model; <paramref name="extra"/> are the code points of the symbols from the vocabulary's size up.
    /// </summary>
    public BpeModel(Vocabulary vocabulary, MergeTable merges, BpeOptions options, IReadOnlyList<Rune>? extra = null)
    {
        Vocabulary = vocabulary;
        _merges = merges;
        _options = options;
        _firstExtra = vocabulary.Size;
        _extra = extra?.Select(rune => rune.Value).ToArray() ?? [];
        _affixes = options.Prefix.Length + options.Suffix.Length > 0;
        _useBytes = options.ByteTokens is not null;
        _symbols = new SymbolTable();
        foreach ((string piece, int id) in vocabulary.Entries)
        {
            if (Rune.DecodeFromUtf16(piece, out Rune rune, out int used) == System.Buffers.OperationStatus.Done
                && used == piece.Length)
            {
                _symbols.Add(rune, id);
            }
        }

        for (int i = 0; i < _extra.Length; i++)
        {
            _symbols.Add(new Rune(_extra[i]), _firstExtra + i);
        }

        _cutAtSpaces = CanCutAtSpaces();
    }

    /// <inheritdoc/>
    public Vocabulary Vocabulary { get; }

    /// <inheritdoc/>
    public int? UnkId => _options.UnkId;

    /// <summary>Number of merges.</summary>
    public int MergeCount => _merges.Count;

    /// <inheritdoc/>
    public void Tokenize(EncodeScratch scratch, int start, int end)
    {
        if (!_cutAtSpaces)
        {
            TokenizeWord(scratch, start, end);
            return;
        }

        ReadOnlySpan<char> text = scratch.Text.Span;
        int word = start;
        while (word < end)
        {
            int cut = word;
            while (cut < end && text[cut] == VisibleSpace)
            {
                cut++;
            }

            int next = text[cut..end].IndexOf(VisibleSpace);
            cut = next < 0 ? end : cut + next;
            TokenizeWord(scratch, word, cut);
            word = cut;
        }
    }

    /// <summary>
    /// Without pre-tokenizer a whole text is one word. If no merge joins something with a following visible space, merges
    /// never reach across such a place, and cutting there changes nothing but makes words short enough for the cache.
    /// </summary>
    private bool CanCutAtSpaces()
    {
        if (_affixes || _options.IgnoreMerges || _symbols.Of(VisibleSpace) is not (>= 0 and var space) || space >= _firstExtra)
        {
            return false;
        }

        foreach ((int left, int right, _, _) in _merges.All)
        {
            if (TextOf(right) is [VisibleSpace, ..] && TextOf(left) is not [.., VisibleSpace])
            {
                return false;
            }
        }

        return true;
    }

    private string TextOf(int symbol) =>
        symbol >= _firstExtra ? new Rune(_extra[symbol - _firstExtra]).ToString()
            : Vocabulary.TryGetPiece(symbol, out string? piece) ? piece : "";

    private void TokenizeWord(EncodeScratch scratch, int start, int end)
    {
        ReadOnlySpan<char> word = scratch.Text.Span[start..end];
        TokenBuffer tokens = scratch.Tokens;
        bool cached = !tokens.Tracks && word.Length <= WordCache.MaxWord;
        ulong hash = 0;
        if (cached)
        {
            hash = WordCache.HashOf(word);
            if (_cache.TryGet(word, hash, out int[] ids))
            {
                tokens.AddRange(ids);
                return;
            }
        }

        int first = tokens.Count;
        if (_options.IgnoreMerges && Vocabulary.TryGetId(word, out int whole))
        {
            tokens.Add(whole, scratch.Text, start, end);
        }
        else
        {
            BpeScratch symbols = scratch.Bpe;
            symbols.Count = 0;
            if (_affixes)
            {
                ReadWithAffixes(symbols, word);
            }
            else
            {
                Read(symbols, word);
            }

            BpeMerger.Merge(symbols, _merges);
            Write(scratch, start);
        }

        if (cached)
        {
            _cache.Add(word, hash, tokens.Ids[first..]);
        }
    }

    private void Read(BpeScratch symbols, ReadOnlySpan<char> word)
    {
        for (int i = 0; i < word.Length;)
        {
            char c = word[i];
            int length = char.IsHighSurrogate(c) && i + 1 < word.Length ? 2 : 1;
            int id = length == 1 ? _symbols.Of(c) : _symbols.Of(c, word[i + 1]);
            AddCharacter(symbols, id, length == 1 ? c : char.ConvertToUtf32(c, word[i + 1]), i, i + length);
            i += length;
        }
    }

    private void ReadWithAffixes(BpeScratch symbols, ReadOnlySpan<char> word)
    {
        for (int i = 0; i < word.Length;)
        {
            char c = word[i];
            int length = char.IsHighSurrogate(c) && i + 1 < word.Length ? 2 : 1;
            string spelled = string.Concat(i == 0 ? "" : _options.Prefix, word.Slice(i, length),
                i + length == word.Length ? _options.Suffix : "");
            int id = Vocabulary.TryGetId(spelled, out int found) ? found : -1;
            AddCharacter(symbols, id, length == 1 ? c : char.ConvertToUtf32(c, word[i + 1]), i, i + length);
            i += length;
        }
    }

    private void AddCharacter(BpeScratch symbols, int id, int codePoint, int start, int end)
    {
        if (id >= 0)
        {
            symbols.Add(id, start, end);
        }
        else if (_useBytes && HasBytes(codePoint))
        {
            AddBytes(symbols, codePoint, start, end);
        }
        else if (_options.UnkId is { } unk)
        {
            if (_options.FuseUnk && symbols.Count > 0 && symbols.Ids[symbols.Count - 1] == unk)
            {
                symbols.Ends[symbols.Count - 1] = end;
            }
            else
            {
                symbols.Add(unk, start, end);
            }
        }
    }

    /// <summary>
    /// Whether a character can be spelled in bytes. Vocabularies may lack some by design (Gemma has a tab, but no
    /// <c>&lt;0x09&gt;</c>): that is decided character by character.
    /// </summary>
    private bool HasBytes(int codePoint)
    {
        Span<byte> utf8 = stackalloc byte[4];
        int count = new Rune(codePoint).EncodeToUtf8(utf8);
        bool all = true;
        foreach (byte b in utf8[..count])
        {
            all &= _options.ByteTokens![b] >= 0;
        }

        return all || _options.PartialBytes;
    }

    private void AddBytes(BpeScratch symbols, int codePoint, int start, int end)
    {
        Span<byte> utf8 = stackalloc byte[4];
        int count = new Rune(codePoint).EncodeToUtf8(utf8);
        foreach (byte b in utf8[..count])
        {
            int id = _options.ByteTokens![b];
            if (id >= 0)
            {
                symbols.Add(id, start, end);
            }
            else if (_options.UnkId is { } unk)
            {
                symbols.Add(unk, start, end);
            }
        }
    }

    private void Write(EncodeScratch scratch, int start)
    {
        BpeScratch symbols = scratch.Bpe;
        TokenBuffer tokens = scratch.Tokens;
        int first = tokens.Count;
        Span<byte> utf8 = stackalloc byte[4];
        for (int i = 0; i < symbols.Count; i++)
        {
            int id = symbols.Ids[i];
            int from = start + symbols.Starts[i];
            int to = start + symbols.Ends[i];
            if (id < _firstExtra && !(id == UnkId && _options.FuseUnk))
            {
                tokens.Add(id, scratch.Text, from, to);
            }
            else if (_useBytes && id >= _firstExtra && HasBytes(_extra[id - _firstExtra]))
            {
                // A character that only occurs inside longer pieces and found no partner is spelled in bytes.
                int count = new Rune(_extra[id - _firstExtra]).EncodeToUtf8(utf8);
                foreach (byte b in utf8[..count])
                {
                    if ((_options.ByteTokens![b] is >= 0 and var byteId ? byteId : UnkId) is { } spelled)
                    {
                        tokens.Add(spelled, scratch.Text, from, to);
                    }
                }
            }
            else if (UnkId is { } unk)
            {
                AddUnknown(scratch, unk, first, from, to);
            }
        }
    }

    private void AddUnknown(EncodeScratch scratch, int unk, int first, int from, int to)
    {
        TokenBuffer tokens = scratch.Tokens;
        if (!_options.FuseUnk || tokens.Count == first || tokens.Ids[^1] != unk)
        {
            tokens.Add(unk, scratch.Text, from, to);
        }
        else if (tokens.Tracks)
        {
            tokens.SetSpan(tokens.Count - 1, tokens.SpanOf(tokens.Count - 1).Start, scratch.Text.OriginalEnd(to));
        }
    }
}
