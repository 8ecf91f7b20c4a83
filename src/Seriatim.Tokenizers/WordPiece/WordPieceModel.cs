namespace Seriatim.Tokenizers;

/// <summary>
/// WordPiece (Schuster and Nakajima 2012): the longest piece first; a word that cannot be spelled is unknown as a whole.
/// </summary>
/// <param name="vocabulary">The vocabulary.</param>
/// <param name="unkId">The unknown token.</param>
/// <param name="prefix">Prefix of pieces that continue a word.</param>
/// <param name="startPrefix">Prefix of pieces that begin a word (the convention of GGUF files); usually empty.</param>
/// <param name="maxWord">Longer words, in characters, are unknown.</param>
internal sealed class WordPieceModel(Vocabulary vocabulary, int unkId, string prefix, string startPrefix, int maxWord)
    : ITokenModel
{
    private readonly PieceTrie _starts = Build(vocabulary, startPrefix);
    private readonly PieceTrie _continuations = Build(vocabulary, prefix);

    /// <inheritdoc/>
    public Vocabulary Vocabulary => vocabulary;

    /// <inheritdoc/>
    public int? UnkId => unkId;

    /// <summary>Prefix of continuations.</summary>
    public string Prefix => prefix;

    /// <inheritdoc/>
    public void Tokenize(EncodeScratch scratch, int start, int end)
    {
        ReadOnlySpan<char> word = scratch.Text.Span[start..end];
        TokenBuffer tokens = scratch.Tokens;
        int before = tokens.Count;
        bool fits = word.Length <= maxWord || CountCharacters(word) <= maxWord;
        for (int at = 0; fits && at < word.Length;)
        {
            int length = (at == 0 ? _starts : _continuations).LongestMatch(word[at..], out int id);
            if (length == 0)
            {
                fits = false;
                break;
            }

            tokens.Add(id, scratch.Text, start + at, start + at + length);
            at += length;
        }

        if (!fits)
        {
            tokens.Truncate(before);
            tokens.Add(unkId, scratch.Text, start, end);
        }
    }

    private static int CountCharacters(ReadOnlySpan<char> word)
    {
        int count = 0;
        foreach (char c in word)
        {
            count += char.IsLowSurrogate(c) ? 0 : 1;
        }

        return count;
    }

    private static PieceTrie Build(Vocabulary vocabulary, string prefix)
    {
        var trie = new PieceTrie();
        foreach ((string piece, int id) in vocabulary.Entries)
        {
            if (piece.Length > prefix.Length && piece.StartsWith(prefix, StringComparison.Ordinal))
            {
                trie.Add(piece.AsSpan(prefix.Length), id);
            }
        }

        return trie;
    }
}
