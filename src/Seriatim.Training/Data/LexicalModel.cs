using System.Runtime.InteropServices;

namespace Seriatim.Training;

/// <summary>
/// How probable each target token is where a source token stands, learned from pairs alone: IBM model 1 (Brown et al., 1993:
/// The Mathematics of Statistical Machine Translation, section 4.1), by expectation and maximisation. What a vocabulary map is
/// made of. The same pairs in the same order give the same numbers.
/// </summary>
public sealed class LexicalModel
{
    /// <summary>The source token that stands for none: words that the target adds.</summary>
    private const int None = -1;

    private readonly List<(int[] Source, int[] Target)> _pairs = [];
    private readonly Dictionary<(int Source, int Target), int> _places = [];
    private readonly Dictionary<int, long> _frequencies = [];
    private double[] _probabilities = [];

    /// <summary>Pairs so far.</summary>
    public int Pairs => _pairs.Count;

    /// <summary>Adds a pair.</summary>
    /// <param name="source">Token ids of the source.</param>
    /// <param name="target">Token ids of its translation.</param>
    public void Add(ReadOnlySpan<int> source, ReadOnlySpan<int> target)
    {
        if (source.IsEmpty || target.IsEmpty)
            return;
        int[] from = [None, .. source.ToArray().Distinct()];
        int[] to = target.ToArray();
        _pairs.Add((from, to));
        foreach (int t in to)
        {
            CollectionsMarshal.GetValueRefOrAddDefault(_frequencies, t, out _)++;
            foreach (int s in from)
                _places.TryAdd((s, t), _places.Count);
        }
    }

    /// <summary>Learns.</summary>
    /// <param name="iterations">Passes over the pairs.</param>
    /// <param name="cancellationToken">Gives up between two pairs.</param>
    public void Learn(int iterations = 5, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(iterations, 1);
        _probabilities = new double[_places.Count];
        Array.Fill(_probabilities, 1);
        double[] counts = new double[_places.Count];
        int[] places = [];
        for (int iteration = 0; iteration < iterations; iteration++)
        {
            Array.Clear(counts);
            foreach ((int[] source, int[] target) in _pairs)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (places.Length < source.Length)
                    places = new int[source.Length];
                foreach (int t in target)
                {
                    double sum = 0;
                    for (int i = 0; i < source.Length; i++)
                        sum += _probabilities[places[i] = _places[(source[i], t)]];
                    for (int i = 0; i < source.Length; i++)
                        counts[places[i]] += _probabilities[places[i]] / sum;
                }
            }

            var totals = new Dictionary<int, double>();
            foreach (((int source, _), int place) in _places)
                CollectionsMarshal.GetValueRefOrAddDefault(totals, source, out _) += counts[place];
            foreach (((int source, _), int place) in _places)
                _probabilities[place] = counts[place] / totals[source];
        }
    }

    /// <summary>t(target | source); 0 for tokens that never stood in one pair.</summary>
    /// <param name="source">A source token.</param>
    /// <param name="target">A target token.</param>
    public double Probability(int source, int target) =>
        _places.TryGetValue((source, target), out int place) && place < _probabilities.Length ? _probabilities[place] : 0;

    /// <summary>Puts what was learned into a map: for each source token the most probable targets, most probable first.</summary>
    /// <param name="map">The map.</param>
    /// <param name="perToken">Most candidates of a source token.</param>
    /// <param name="always">How many of the most frequent target tokens are candidates of every source.</param>
    /// <param name="least">Least probability of a candidate.</param>
    public void Fill(VocabularyMap map, int perToken, int always, double least = 1e-4)
    {
        ArgumentNullException.ThrowIfNull(map);
        ArgumentOutOfRangeException.ThrowIfLessThan(perToken, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(always);
        map.Set([], [.. _frequencies.OrderByDescending(f => f.Value).ThenBy(f => f.Key).Take(always).Select(f => f.Key)]);
        foreach (IGrouping<int, KeyValuePair<(int Source, int Target), int>> source in _places.GroupBy(place => place.Key.Source))
        {
            if (source.Key == None)
                continue;
            int[] targets =
            [
                .. source.Select(place => (place.Key.Target, Probability: _probabilities[place.Value]))
                    .Where(target => target.Probability >= least)
                    .OrderByDescending(target => target.Probability).ThenBy(target => target.Target)
                    .Take(perToken).Select(target => target.Target),
            ];
            if (targets.Length > 0)
                map.Set([source.Key], targets);
        }
    }
}
