namespace Seriatim.Tokenizers;

/// <summary>All ways to spell a word with the pieces of a Unigram model in training.</summary>
internal sealed class UnigramLattice
{
    private const double UnknownPenalty = 10;

    private readonly PieceTrie _trie = new();
    private readonly double[] _scores;
    private readonly double _unknown;
    private readonly List<(int From, int To, int Piece, double Score)> _arcs = [];
    private double[] _forward = new double[64];
    private double[] _backward = new double[64];
    private int[] _last = new int[64];

    /// <summary>Creates the lattice for pieces with log probabilities.</summary>
    public UnigramLattice(List<(string Piece, double Score)> pieces)
    {
        _scores = pieces.Select(piece => piece.Score).ToArray();
        _unknown = _scores.DefaultIfEmpty(0).Min() - UnknownPenalty;
        for (int i = 0; i < pieces.Count; i++)
        {
            _trie.Add(pieces[i].Piece, i);
        }
    }

    /// <summary>
    /// Adds how often each piece is expected in the word, times <paramref name="count"/>, to <paramref name="expected"/>.
    /// </summary>
    public void AddExpected(string word, long count, double[] expected)
    {
        Build(word, -1);
        Array.Fill(_forward, double.NegativeInfinity, 0, word.Length + 1);
        Array.Fill(_backward, double.NegativeInfinity, 0, word.Length + 1);
        _forward[0] = 0;
        _backward[word.Length] = 0;
        foreach ((int from, int to, _, double score) in _arcs)
        {
            _forward[to] = LogAdd(_forward[to], _forward[from] + score);
        }

        for (int i = _arcs.Count - 1; i >= 0; i--)
        {
            (int from, int to, _, double score) = _arcs[i];
            _backward[from] = LogAdd(_backward[from], _backward[to] + score);
        }

        double all = _forward[word.Length];
        foreach ((int from, int to, int piece, double score) in _arcs)
        {
            if (piece >= 0)
            {
                expected[piece] += count * Math.Exp(_forward[from] + score + _backward[to] - all);
            }
        }
    }

    /// <summary>
    /// Finds the best spelling without piece <paramref name="without"/>; -1 in the path is an unknown character.
    /// </summary>
    public void Best(string word, int without, List<int> path)
    {
        Build(word, without);
        Array.Fill(_forward, double.NegativeInfinity, 0, word.Length + 1);
        _forward[0] = 0;
        for (int i = 0; i < _arcs.Count; i++)
        {
            (int from, int to, _, double score) = _arcs[i];
            if (_forward[from] + score > _forward[to])
            {
                _forward[to] = _forward[from] + score;
                _last[to] = i;
            }
        }

        path.Clear();
        for (int at = word.Length; at > 0; at = _arcs[_last[at]].From)
        {
            path.Add(_arcs[_last[at]].Piece);
        }

        path.Reverse();
    }

    /// <summary>Collects the arcs in order of their start, which is an order both passes can use.</summary>
    private void Build(string word, int without)
    {
        _arcs.Clear();
        if (_forward.Length <= word.Length)
        {
            _forward = new double[word.Length * 2];
            _backward = new double[word.Length * 2];
            _last = new int[word.Length * 2];
        }

        for (int at = 0; at < word.Length;)
        {
            int length = char.IsHighSurrogate(word[at]) && at + 1 < word.Length ? 2 : 1;
            bool single = false;
            int node = 0;
            for (int to = at; to < word.Length;)
            {
                node = _trie.Next(node, word[to++]);
                if (node < 0)
                {
                    break;
                }

                int piece = _trie.Value(node);
                if (piece >= 0 && piece != without)
                {
                    single |= to - at == length;
                    _arcs.Add((at, to, piece, _scores[piece]));
                }
            }

            if (!single)
            {
                _arcs.Add((at, at + length, -1, _unknown));
            }

            at += length;
        }
    }

    private static double LogAdd(double a, double b)
    {
        if (double.IsNegativeInfinity(a))
        {
            return b;
        }

        double high = Math.Max(a, b);
        return high + Math.Log(1 + Math.Exp(Math.Min(a, b) - high));
    }
}
