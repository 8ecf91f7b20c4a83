namespace Seriatim.Tokenizers;

/// <summary>
/// Trains a Unigram model (Kudo 2018, section 3.2): from many candidates, EM steps fit the scores, and the pieces whose loss
/// would
/// hurt the likelihood least are pruned, until the vocabulary has the wanted size. Single characters always stay.
/// </summary>
internal sealed class UnigramTrainer
{
    private const int SubIterations = 2;
    private const double KeepShare = 0.75;
    private const double LeastExpected = 0.5;

    private readonly List<(string Word, long Count)> _words;
    private readonly TrainingPlan _plan;
    private readonly HashSet<string> _characters;
    private List<(string Piece, double Score)> _pieces;

    private UnigramTrainer(List<(string Word, long Count)> words, TrainingPlan plan, CancellationToken cancellation)
    {
        _words = words;
        _plan = plan;
        List<(string Character, long Count)> alphabet = Alphabet.Covering(words, plan.Options.CharacterCoverage)
            .Take(plan.Options.VocabularySize - plan.Special.Count).ToList();
        _characters = alphabet.Select(item => item.Character).ToHashSet(StringComparer.Ordinal);
        plan.Options.Progress?.Report(new VocabularyProgress { Stage = "finding candidates", Done = 0 });
        List<(string Piece, double Score)> seeds = SeedFinder.Find(words, plan.Options.MaxPieceLength, plan.Options.MinFrequency,
            Math.Max(20 * plan.Options.VocabularySize, 100_000), cancellation);
        _pieces = [.. alphabet.Select(item => (item.Character, (double)item.Count)), .. seeds.Where(seed =>
            AllKnown(seed.Piece))];
        double total = Math.Log(_pieces.Sum(piece => piece.Score));
        _pieces = _pieces.ConvertAll(piece => (piece.Piece, Math.Log(piece.Score) - total));
    }

    /// <summary>Trains; gives pieces and scores by id, special tokens first with score 0.</summary>
    public static TrainedVocabulary Train(List<(string Word, long Count)> words,
        TrainingPlan plan, CancellationToken cancellation)
    {
        var trainer = new UnigramTrainer(words, plan, cancellation);
        int wanted = plan.Options.VocabularySize - plan.Special.Count;
        int target = Math.Max(wanted + (wanted / 10), trainer._characters.Count);
        while (true)
        {
            for (int i = 0; i < SubIterations; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                trainer.Fit();
            }

            plan.Options.Progress?.Report(new VocabularyProgress
            {
                Stage = "fitting and pruning",
                Done = trainer._pieces.Count,
                Total = target,
            });
            if (trainer._pieces.Count <= target || !trainer.Prune(target))
            {
                break;
            }
        }

        List<(string Piece, double Score)> kept = trainer.Choose(wanted);
        return new TrainedVocabulary([.. plan.Special, .. kept.Select(piece => piece.Piece)], [],
            [.. plan.Special.Select(_ => 0.0), .. kept.Select(piece => piece.Score)]);
    }

    private bool AllKnown(string piece)
    {
        foreach (System.Text.Rune rune in piece.EnumerateRunes())
        {
            if (!_characters.Contains(rune.ToString()))
            {
                return false;
            }
        }

        return !_plan.Special.Contains(piece);
    }

    /// <summary>
    /// One EM step: expected counts by the forward-backward algorithm, then scores as in variational Bayes (digamma).
    /// </summary>
    private void Fit()
    {
        var lattice = new UnigramLattice(_pieces);
        var expected = new double[_pieces.Count];
        foreach ((string word, long count) in _words)
        {
            lattice.AddExpected(word, count, expected);
        }

        var kept = new List<(string Piece, double Count)>(_pieces.Count);
        double total = 0;
        for (int i = 0; i < _pieces.Count; i++)
        {
            bool required = _characters.Contains(_pieces[i].Piece);
            if (expected[i] >= LeastExpected || required)
            {
                double count = Math.Max(expected[i], LeastExpected);
                kept.Add((_pieces[i].Piece, count));
                total += count;
            }
        }

        double all = Digamma(total);
        _pieces = kept.ConvertAll(piece => (piece.Piece, Digamma(piece.Count) - all));
    }

    /// <summary>Drops the pieces that cost the least likelihood; false if none may go.</summary>
    private bool Prune(int target)
    {
        var lattice = new UnigramLattice(_pieces);
        var frequency = new long[_pieces.Count];
        var path = new List<int>();
        foreach ((string word, long count) in _words)
        {
            lattice.Best(word, -1, path);
            foreach (int piece in path)
            {
                if (piece >= 0)
                {
                    frequency[piece] += count;
                }
            }
        }

        double total = frequency.Sum();
        var candidates = new List<(int Piece, double Loss)>();
        var kept = new bool[_pieces.Count];
        int keptCount = 0;
        for (int i = 0; i < _pieces.Count; i++)
        {
            if (_characters.Contains(_pieces[i].Piece))
            {
                kept[i] = true;
                keptCount++;
            }
            else if (frequency[i] > 0)
            {
                candidates.Add((i, Loss(lattice, i, frequency, total, path)));
            }
        }

        int size = Math.Max(target, (int)(_pieces.Count * KeepShare));
        candidates.Sort((a, b) => a.Loss != b.Loss ? b.Loss.CompareTo(a.Loss)
            : string.CompareOrdinal(_pieces[a.Piece].Piece, _pieces[b.Piece].Piece));
        foreach ((int piece, _) in candidates.Take(Math.Max(0, size - keptCount)))
        {
            kept[piece] = true;
        }

        int before = _pieces.Count;
        _pieces = _pieces.Where((_, i) => kept[i]).ToList();
        return _pieces.Count < before;
    }

    /// <summary>
    /// How much likelihood goes when a piece has to be spelled by others: its share times what its spelling costs more.
    /// </summary>
    private double Loss(UnigramLattice lattice, int piece, long[] frequency, double total, List<int> path)
    {
        lattice.Best(_pieces[piece].Piece, piece, path);
        if (path.Contains(-1))
        {
            return double.PositiveInfinity;
        }

        double uses = frequency[piece];
        double newTotal = Math.Log(total + (uses * (path.Count - 1)));
        double own = Math.Log(uses) - Math.Log(total);
        double others = path.Sum(other => Math.Log(frequency[other] + uses) - newTotal);
        return uses / total * (own - others);
    }

    private List<(string Piece, double Score)> Choose(int wanted)
    {
        List<(string Piece, double Score)> kept = _pieces.Where(piece => _characters.Contains(piece.Piece)).ToList();
        kept.AddRange(_pieces.Where(piece => !_characters.Contains(piece.Piece))
            .OrderByDescending(piece => piece.Score).ThenBy(piece => piece.Piece, StringComparer.Ordinal)
            .Take(Math.Max(0, wanted - kept.Count)));
        kept.Sort((a, b) => a.Score != b.Score ? b.Score.CompareTo(a.Score) : string.CompareOrdinal(a.Piece, b.Piece));
        return kept;
    }

    /// <summary>The digamma function by recurrence and its asymptotic series.</summary>
    private static double Digamma(double x)
    {
        double result = 0;
        for (; x < 7; x++)
        {
            result -= 1 / x;
        }

        x -= 0.5;
        double square = 1 / (x * x);
        return result + Math.Log(x) + (square / 24) - (7 * square * square / 960) + (31 * square * square * square / 8064);
    }
}
