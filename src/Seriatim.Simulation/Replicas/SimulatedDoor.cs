namespace Seriatim.Simulation;

/// <summary>
/// A door: what it knows of the replicas of its cell, and where it sends requests. The router is the cluster's own.
/// </summary>
/// <param name="number">Its number.</param>
/// <param name="cell">The replicas that it knows.</param>
/// <param name="home">Which of them is its own silo's.</param>
/// <param name="routing">What decides.</param>
/// <param name="factor">How far above the mean a replica may be.</param>
internal sealed class SimulatedDoor(int number, SimulatedReplica[] cell, int home, ClusterRouting routing, double factor)
{
    private readonly PageIndex _index = new();
    private readonly KnownReplica?[] _known = new KnownReplica?[cell.Length];
    private readonly int[] _incarnations = new int[cell.Length];
    private readonly bool[] _silent = new bool[cell.Length];
    private readonly Candidate[] _candidates = new Candidate[cell.Length];
    private readonly int[] _places = new int[cell.Length];
    private string _last = cell[home].Name;

    public int Number => number;

    public IReadOnlyList<SimulatedReplica> Cell => cell;

    /// <summary>Whether requests go to their pages.</summary>
    public bool ReadsPages => routing == ClusterRouting.Prefix;

    /// <summary>The place in the cell of the replica to ask first; -1: there is none.</summary>
    /// <param name="pages">Hashes of the request's pages.</param>
    /// <param name="asked">Places that turned it down.</param>
    public int Best(IReadOnlyList<ulong> pages, IReadOnlyCollection<int> asked)
    {
        int count = 0;
        _index.Look(pages);
        for (int place = 0; place < cell.Length; place++)
        {
            if (_silent[place] || (asked.Count > 0 && asked.Contains(place)))
                continue;
            (int load, int cached) = _known[place] is { } known ? (known.Load, _index.CachedOf(known)) : (0, 0);
            (_candidates[count], _places[count]) = (new Candidate(cell[place].Name, load, cached, place == home), place);
            count++;
        }

        ReadOnlySpan<Candidate> candidates = _candidates.AsSpan(0, count);
        int best = routing == ClusterRouting.RoundRobin ? Router.Next(candidates, _last)
            : Router.Best(candidates, factor, isUrgent: false);
        if (best < 0)
            return -1;
        _last = candidates[best].Silo;
        return _places[best];
    }

    /// <summary>A request goes there.</summary>
    /// <returns>Which life of the replica the door has in mind.</returns>
    public int Send(int place)
    {
        Of(place).Send();
        return _incarnations[place];
    }

    /// <summary>A replica has told how it is.</summary>
    public void Take(int place, ModelReport report) => Of(place).Take(report);

    /// <summary>A replica has told how it is, after it was asked: it is not silent, and may be another one.</summary>
    public void TakeAnswer(int place, ModelReport report)
    {
        if (_incarnations[place] != cell[place].Incarnation)
        {
            _known[place]?.Forget();
            (_known[place], _incarnations[place]) = (null, cell[place].Incarnation);
        }

        _silent[place] = false;
        Of(place).Take(report);
    }

    /// <summary>Whether a replica has said nothing, and nothing since.</summary>
    public bool IsSilent(int place) => _silent[place];

    /// <summary>A replica has said nothing where it had to.</summary>
    public void Silence(int place) => _silent[place] = true;

    private KnownReplica Of(int place) => _known[place] ??= new KnownReplica(_index);
}
