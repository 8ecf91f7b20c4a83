using System.Buffers;

namespace Seriatim.Tokenizers;

/// <summary>
/// The added tokens of a tokenizer and how they are found: leftmost first, of several the longest; those that are not
/// <see cref="AddedToken.Normalized"/> in the original text, the others in what the normalizer made of the rest.
/// </summary>
internal sealed class AddedVocabulary
{
    private readonly AddedToken[] _tokens;
    private readonly Dictionary<int, AddedToken> _byId = [];
    private readonly Dictionary<string, int> _byContent = new(StringComparer.Ordinal);
    private readonly Finder _raw;
    private readonly Finder _normalized;

    /// <summary>Collects the tokens; of two with the same id or content the last one counts.</summary>
    public AddedVocabulary(IReadOnlyList<AddedToken> tokens, INormalizer? normalizer)
    {
        _tokens = tokens.Where(token => token.Content.Length > 0).ToArray();
        foreach (AddedToken token in _tokens)
        {
            _byId[token.Id] = token;
            _byContent[token.Content] = token.Id;
        }

        _raw = new Finder(_tokens, token => token.Normalized ? null : token.Content);
        _normalized = new Finder(_tokens, token => token.Normalized ? Normalize(token.Content, normalizer) : null);
    }

    /// <summary>A match of an added token: <c>[Start, End)</c> with the white space it takes.</summary>
    internal readonly record struct Match(int Id, int Start, int End);

    /// <summary>The tokens.</summary>
    public IReadOnlyList<AddedToken> Tokens => _tokens;

    /// <summary>Whether any token is looked for after normalization.</summary>
    public bool HasNormalized => !_normalized.IsEmpty;

    /// <summary>Finds a token by id.</summary>
    public bool TryGet(int id, out AddedToken token) => _byId.TryGetValue(id, out token!);

    /// <summary>Finds the id of a token.</summary>
    public bool TryGetId(string content, out int id) => _byContent.TryGetValue(content, out id);

    /// <summary>Finds the next token in the original text at or after <paramref name="from"/>.</summary>
    public bool FindRaw(ReadOnlySpan<char> text, int from, bool special, PlainPlaces? isPlain, out Match match) =>
        _raw.Find(text, from, special, isPlain, out match);

    /// <summary>Finds the next token in the normalized text at or after <paramref name="from"/>.</summary>
    public bool FindNormalized(ReadOnlySpan<char> text, int from, bool special, PlainPlaces? isPlain, out Match match) =>
        _normalized.Find(text, from, special, isPlain, out match);

    private static string Normalize(string content, INormalizer? normalizer)
    {
        if (normalizer is null)
        {
            return content;
        }

        var text = new AlignedText();
        text.Load(content, 0, false);
        normalizer.Normalize(text);
        return text.Span.ToString();
    }

    /// <summary>Finds some of the tokens.</summary>
    private sealed class Finder
    {
        private readonly AddedToken[] _tokens;
        private readonly PieceTrie _all = new();
        private readonly PieceTrie _plain = new();
        private readonly SearchValues<char> _first;

        public Finder(AddedToken[] tokens, Func<AddedToken, string?> contentOf)
        {
            _tokens = tokens;
            var first = new HashSet<char>();
            for (int i = 0; i < tokens.Length; i++)
            {
                if (contentOf(tokens[i]) is not { Length: > 0 } content)
                {
                    continue;
                }

                first.Add(content[0]);
                _all.Add(content, i, replace: true);
                if (!tokens[i].Special)
                {
                    _plain.Add(content, i, replace: true);
                }
            }

            _first = SearchValues.Create(first.ToArray());
            IsEmpty = first.Count == 0;
        }

        public bool IsEmpty { get; }

        /// <summary>Finds the next token; special ones only if they are wanted, and not where the text is plain.</summary>
        public bool Find(ReadOnlySpan<char> text, int from, bool special, PlainPlaces? isPlain, out Match match)
        {
            int at = from;
            while (!IsEmpty && at < text.Length)
            {
                int next = text[at..].IndexOfAny(_first);
                if (next < 0)
                {
                    break;
                }

                at += next;
                int length = (special ? _all : _plain).LongestMatch(text[at..], out int index);
                if (special && length > 0 && _tokens[index].Special && isPlain?.Invoke(at, at + length) == true)
                    length = _plain.LongestMatch(text[at..], out index);
                if (length == 0)
                {
                    at++;
                }
                else if (_tokens[index].SingleWord && !StandsAlone(text, at, at + length))
                {
                    at += length;
                }
                else
                {
                    match = Widen(text, _tokens[index], from, at, at + length);
                    return true;
                }
            }

            match = default;
            return false;
        }

        private static Match Widen(ReadOnlySpan<char> text, AddedToken token, int from, int start, int end)
        {
            while (token.LeftStrip && start > from && char.IsWhiteSpace(text[start - 1]))
            {
                start--;
            }

            while (token.RightStrip && end < text.Length && char.IsWhiteSpace(text[end]))
            {
                end++;
            }

            return new Match(token.Id, start, end);
        }

        private static bool StandsAlone(ReadOnlySpan<char> text, int start, int end)
        {
            if (start > 0)
            {
                int before = start > 1 && char.IsLowSurrogate(text[start - 1]) ? start - 2 : start - 1;
                if (CharClasses.IsWord(CharClasses.RuneAt(text, before)))
                {
                    return false;
                }
            }

            return end >= text.Length || !CharClasses.IsWord(CharClasses.RuneAt(text, end));
        }
    }
}
