using System.Text;

namespace Seriatim.Tokenizers;

/// <summary>
/// Trains BPE and WordPiece vocabularies: the most frequent pair of neighbours becomes a piece, again and again. Counts are kept
/// up to date word by word, and a heap gives the next pair; ties go to the smaller ids.
/// </summary>
internal sealed class BpeTrainer
{
    private readonly List<(string Word, long Count)> _counts;
    private readonly TrainingPlan _plan;
    private readonly List<string> _pieces = [];
    private readonly List<int> _lengths = [];
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly List<(int Left, int Right)> _merges = [];
    private readonly string _prefix;

    private BpeTrainer(List<(string Word, long Count)> counts, TrainingPlan plan)
    {
        _counts = counts;
        _plan = plan;
        _prefix = plan.Options.Model == TrainerModel.WordPiece ? "##" : "";
    }

    /// <summary>Trains; gives the pieces by id and the merges in order.</summary>
    public static TrainedVocabulary Train(List<(string Word, long Count)> counts, TrainingPlan plan,
        CancellationToken cancellation)
    {
        var trainer = new BpeTrainer(counts, plan);
        foreach (string piece in plan.FixedPieces)
        {
            trainer.AddPiece(piece, 1);
        }

        HashSet<string> alphabet = trainer.AddAlphabet();
        var pairs = new PairCounts(counts.Select(word => trainer.Symbols(word.Word, alphabet)).ToArray(),
            counts.Select(word => word.Count).ToArray());
        while (trainer._pieces.Count < plan.Options.VocabularySize)
        {
            cancellation.ThrowIfCancellationRequested();
            if (!pairs.TryTakeBest(plan.Options.MinFrequency, trainer.MayMerge, out int left, out int right))
            {
                break;
            }

            int merged = trainer.AddMerge(left, right);
            pairs.Merge(left, right, merged);
            if (trainer._merges.Count % 256 == 0)
            {
                plan.Options.Progress?.Report(new VocabularyProgress
                {
                    Stage = "merging pairs",
                    Done = trainer._pieces.Count,
                    Total = plan.Options.VocabularySize,
                });
            }
        }

        return new TrainedVocabulary(trainer._pieces, trainer._merges, []);
    }

    private int AddPiece(string piece, int length)
    {
        if (_ids.TryGetValue(piece, out int known))
        {
            return known;
        }

        _ids[piece] = _pieces.Count;
        _pieces.Add(piece);
        _lengths.Add(length);
        return _pieces.Count - 1;
    }

    private int AddMerge(int left, int right)
    {
        _merges.Add((left, right));
        return AddPiece(Joined(left, right), _lengths[left] + _lengths[right]);
    }

    private string Joined(int left, int right)
    {
        string tail = _pieces[right];
        bool continues = _prefix.Length > 0 && tail.StartsWith(_prefix, StringComparison.Ordinal);
        return _pieces[left] + (continues ? tail[_prefix.Length..] : tail);
    }

    /// <summary>A piece must not be too long nor spell a special token.</summary>
    private bool MayMerge(int left, int right) => _lengths[left] + _lengths[right] <= _plan.Options.MaxPieceLength
        && (!_ids.TryGetValue(Joined(left, right), out int id) || id >= _plan.FixedPieces.Count);

    /// <summary>
    /// Gives the most frequent characters pieces of their own, until the coverage or the vocabulary is reached.
    /// </summary>
    private HashSet<string> AddAlphabet()
    {
        if (_plan.Options.Model == TrainerModel.ByteLevelBpe)
        {
            return _plan.FixedPieces.Skip(_plan.Special.Count).ToHashSet(StringComparer.Ordinal);
        }

        List<(string Character, long Count)> kept = Alphabet.Covering(_counts, _plan.Options.CharacterCoverage, _prefix);
        var alphabet = new HashSet<string>(StringComparer.Ordinal);
        foreach ((string form, _) in kept.Take(_plan.Options.VocabularySize - _pieces.Count))
        {
            AddPiece(form, 1);
            alphabet.Add(form);
        }

        return alphabet;
    }

    private int[] Symbols(string word, HashSet<string> alphabet)
    {
        var symbols = new List<int>(word.Length);
        foreach (Rune rune in word.EnumerateRunes())
        {
            string form = symbols.Count > 0 ? _prefix + rune : rune.ToString();
            symbols.Add(alphabet.Contains(form) ? _ids[form] : -1);
        }

        return symbols.ToArray();
    }
}
