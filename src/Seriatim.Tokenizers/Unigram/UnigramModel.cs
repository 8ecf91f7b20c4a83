using System.Text;

namespace Seriatim.Tokenizers;

/// <summary>
/// Unigram language model (Kudo 2018): of all ways to spell the text the one whose pieces have the highest sum of scores, by the
/// Viterbi algorithm. A character no piece begins with costs the lowest score less 10; unknown neighbours are one token, or are
/// spelled in bytes.
/// </summary>
internal sealed class UnigramModel : ITokenModel
{
    private const double UnknownPenalty = 10;

    private readonly PieceTrie _trie = new();
    private readonly double[] _scores;
    private readonly int[]? _byteTokens;
    private readonly double _unknownScore;
    private readonly bool _single;

    /// <summary>Creates the model.</summary>
    /// <param name="vocabulary">The vocabulary.</param>
    /// <param name="scores">The score of every id.</param>
    /// <param name="matched">Which ids take part in matching.</param>
    /// <param name="normal">Which ids count for the lowest score.</param>
    /// <param name="unkId">The unknown token, if any.</param>
    /// <param name="byteTokens">Byte tokens unknown characters are spelled with, or null.</param>
    /// <param name="single">
    /// Sums are kept in single precision, as in SentencePiece and llama.cpp, which decides
    /// ties; Hugging Face keeps them in double.
    /// </param>
    public UnigramModel(Vocabulary vocabulary, double[] scores, Func<int, bool> matched, Func<int, bool> normal, int? unkId,
        int[]? byteTokens, bool single = false)
    {
        Vocabulary = vocabulary;
        UnkId = unkId;
        _scores = scores;
        _byteTokens = byteTokens;
        _single = single;
        double lowest = double.PositiveInfinity;
        foreach ((string piece, int id) in vocabulary.Entries)
        {
            if (normal(id))
            {
                lowest = Math.Min(lowest, scores[id]);
            }

            if (matched(id) && piece.Length > 0)
            {
                _trie.Add(piece, id);
            }
        }

        _unknownScore = (double.IsFinite(lowest) ? lowest : 0) - UnknownPenalty;
        _unknownScore = single ? (float)_unknownScore : _unknownScore;
    }

    /// <inheritdoc/>
    public Vocabulary Vocabulary { get; }

    /// <inheritdoc/>
    public int? UnkId { get; }

    /// <summary>The score of every id.</summary>
    public ReadOnlySpan<double> Scores => _scores;

    /// <inheritdoc/>
    public void Tokenize(EncodeScratch scratch, int start, int end)
    {
        ReadOnlySpan<char> text = scratch.Text.Span[start..end];
        UnigramScratch lattice = scratch.Unigram;
        lattice.Reset(text.Length);
        double[] scores = lattice.Scores;
        int[] ids = lattice.Ids, from = lattice.From;
        scores[0] = 0;
        from[0] = 0;
        for (int at = 0; at < text.Length;)
        {
            int length = char.IsHighSurrogate(text[at]) && at + 1 < text.Length ? 2 : 1;
            double reached = scores[at];
            bool single = false;
            int node = 0;
            for (int to = at; to < text.Length;)
            {
                node = _trie.Next(node, text[to++]);
                if (node < 0)
                {
                    break;
                }

                int id = _trie.Value(node);
                if (id >= 0)
                {
                    single |= to - at == length;
                    Offer(at, to, id, reached + _scores[id]);
                }
            }

            if (!single)
            {
                double unknown = reached + _unknownScore;
                Offer(at, at + length, -1, _single ? (float)unknown : unknown);
            }

            at += length;
        }

        Collect(scratch, start, text.Length);

        void Offer(int at, int to, int id, double score)
        {
            if (from[to] < 0 || score > scores[to])
            {
                scores[to] = _single ? (float)score : score;
                ids[to] = id;
                from[to] = at;
            }
        }
    }

    private void Collect(EncodeScratch scratch, int start, int length)
    {
        TokenBuffer tokens = scratch.Tokens;
        int[] ids = scratch.Unigram.Ids, from = scratch.Unigram.From;
        int first = tokens.Count;
        for (int to = length; to > 0;)
        {
            int at = from[to];
            if (ids[to] >= 0 && ids[to] != UnkId)
            {
                tokens.Add(ids[to], scratch.Text, start + at, start + to);
                to = at;
                continue;
            }

            // Walking backwards, all unknown neighbours are taken together.
            while (at > 0 && (ids[at] < 0 || ids[at] == UnkId))
            {
                at = from[at];
            }

            if (_byteTokens is not null && HasBytes(scratch.Text.Span[(start + at)..(start + to)]))
            {
                AddBytes(scratch, start + at, start + to);
            }
            else if (UnkId is { } unk)
            {
                tokens.Add(unk, scratch.Text, start + at, start + to);
            }

            to = at;
        }

        tokens.Reverse(first);
    }

    private bool HasBytes(ReadOnlySpan<char> text)
    {
        Span<byte> utf8 = stackalloc byte[4];
        foreach (Rune rune in text.EnumerateRunes())
        {
            foreach (byte b in utf8[..rune.EncodeToUtf8(utf8)])
            {
                if (_byteTokens![b] < 0)
                {
                    return false;
                }
            }
        }

        return true;
    }

    private void AddBytes(EncodeScratch scratch, int start, int end)
    {
        Span<byte> utf8 = stackalloc byte[4];
        while (end > start)
        {
            Rune.DecodeLastFromUtf16(scratch.Text.Span[start..end], out Rune rune, out int used);
            int count = rune.EncodeToUtf8(utf8);
            for (int i = count - 1; i >= 0; i--)
            {
                scratch.Tokens.Add(_byteTokens![utf8[i]], scratch.Text, end - used, end);
            }

            end -= used;
        }
    }
}
