using System.Text;

namespace Seriatim.Tokenizers;

/// <summary>Makes <see cref="BpeModel"/>s from the three ways files state merges.</summary>
internal static class BpeBuilder
{
    /// <summary>Longest piece accepted where all its splits are tried, in chars.</summary>
    private const int MaxRankedPiece = 2048;

    /// <summary>
    /// Most char comparisons spent on all splits of all pieces; a hundred times what the largest vocabularies need.
    /// </summary>
    private const long MaxSplitWork = 4_000_000_000;

    /// <summary>From explicit pairs, first to last.</summary>
    /// <param name="vocabulary">The vocabulary.</param>
    /// <param name="merges">The pairs in order of rank.</param>
    /// <param name="options">Options of the model.</param>
    /// <param name="lastWins">Of a pair that occurs twice the later place counts (tokenizer.json) or the earlier (GGUF).</param>
    /// <param name="strict">A merge of unknown pieces is an error rather than dead weight.</param>
    /// <param name="file">For errors.</param>
    public static BpeModel FromPairs(Vocabulary vocabulary, IReadOnlyList<(string Left, string Right)> merges,
        BpeOptions options, bool lastWins, bool strict, string file)
    {
        var table = new MergeTable(merges.Count);
        for (int rank = 0; rank < merges.Count; rank++)
        {
            (string left, string right) = merges[rank];
            string joined = left + (options.Prefix.Length > 0 && right.StartsWith(options.Prefix, StringComparison.Ordinal)
                ? right[options.Prefix.Length..] : right);
            if (left.Length > 0 && right.Length > 0 && vocabulary.TryGetId(left, out int a)
                && vocabulary.TryGetId(right, out int b) && vocabulary.TryGetId(joined, out int result))
            {
                table.Add(a, b, rank, result, lastWins);
            }
            else if (strict)
            {
                string missing = left.Length == 0 || right.Length == 0 ? "is not a pair of two pieces"
                    : $"needs \"{(!vocabulary.TryGetId(left, out _) ? left : !vocabulary.TryGetId(right, out _) ? right
                        : joined)}\""
                      + ", which is not in the vocabulary";
                throw new TokenizerFormatException(file, $"model.merges[{rank}]",
                    $"the merge \"{left} {right}\" {missing}; the vocabulary and the merges must come from "
                        + "the same training run.");
            }
        }

        return new BpeModel(vocabulary, table, options);
    }

    /// <summary>
    /// From ranks of pieces (lower is merged first; equal ranks merge from left to right): whatever two neighbours spell a
    /// piece together may merge. This is SentencePiece BPE (rank by score) and tiktoken (rank by file order). Every split of
    /// a piece into two symbols is put into the table once, so that encoding needs no strings.
    /// </summary>
    public static BpeModel FromRanks(Vocabulary vocabulary, IEnumerable<(string Piece, int Rank)> ranked, BpeOptions options,
        string file)
    {
        var table = new MergeTable(vocabulary.Count * 4);
        var extra = new List<Rune>();
        var extraIds = new Dictionary<int, int>();
        (string Piece, int Rank)[] pieces = ranked.ToArray();
        var mergeable = new HashSet<string>(pieces.Select(p => p.Piece), StringComparer.Ordinal);
        var lookup = mergeable.GetAlternateLookup<ReadOnlySpan<char>>();
        long work = pieces.Sum(p => (long)p.Piece.Length * p.Piece.Length);
        if (work > MaxSplitWork)
        {
            throw new TokenizerFormatException(file, "vocabulary",
                $"the pieces are {pieces.Average(p => p.Piece.Length):F0} chars long on average; the file is damaged or not a "
                    + "BPE vocabulary.");
        }

        foreach ((string piece, int rank) in pieces)
        {
            if (piece.Length > MaxRankedPiece)
            {
                throw new TokenizerFormatException(file, "vocabulary",
                    $"a piece has {piece.Length} chars, more than {MaxRankedPiece}; the file is damaged or not a BPE "
                        + "vocabulary.");
            }

            if (!vocabulary.TryGetId(piece, out int result))
            {
                continue;
            }

            for (int cut = 1; cut < piece.Length; cut++)
            {
                if (char.IsLowSurrogate(piece[cut]) && char.IsHighSurrogate(piece[cut - 1]))
                {
                    continue;
                }

                int left = SymbolOf(piece.AsSpan(0, cut));
                int right = left < 0 ? -1 : SymbolOf(piece.AsSpan(cut));
                if (right >= 0)
                {
                    table.Add(left, right, rank, result);
                }
            }
        }

        return new BpeModel(vocabulary, table, options, extra);

        int SymbolOf(ReadOnlySpan<char> part)
        {
            bool single = Rune.DecodeFromUtf16(part, out Rune rune, out int used) == System.Buffers.OperationStatus.Done
                && used == part.Length;
            if ((single || lookup.Contains(part)) && vocabulary.TryGetId(part, out int id))
            {
                return id;
            }

            if (!single)
            {
                return -1;
            }

            if (!extraIds.TryGetValue(rune.Value, out int symbol))
            {
                extraIds[rune.Value] = symbol = vocabulary.Size + extra.Count;
                extra.Add(rune);
            }

            return symbol;
        }
    }

    /// <summary>Turns scores (higher is merged first) into ranks; equal scores share a rank.</summary>
    public static IEnumerable<(string Piece, int Rank)> RankByScore(IEnumerable<(string Piece, float Score)> pieces)
    {
        int rank = -1;
        float last = float.NaN;
        foreach ((string piece, float score) in pieces.OrderByDescending(p => p.Score))
        {
            if (score != last)
            {
                rank++;
                last = score;
            }

            yield return (piece, rank);
        }
    }
}
