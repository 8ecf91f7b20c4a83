namespace Seriatim;

/// <summary>
/// How long nothing was heard of each of some ranks. Time in which this process itself stood still does not count: it could not
/// have heard anybody.
/// </summary>
/// <param name="ranks">Whose signs are waited for.</param>
/// <param name="limit">The longest silence; <see cref="Timeout.InfiniteTimeSpan"/>: any.</param>
/// <param name="pause">Time from one look to the next, as planned.</param>
internal sealed class RankSilence(IReadOnlyList<int> ranks, TimeSpan limit, TimeSpan pause)
{
    private readonly TimeSpan[] _silent = new TimeSpan[ranks.Count];
    private readonly bool[] _hasLeft = new bool[ranks.Count];

    /// <summary>A sign of a rank: it is there.</summary>
    public void Hear(int rank) => _silent[IndexOf(rank)] = TimeSpan.Zero;

    /// <summary>A rank has left: no more signs of it are waited for.</summary>
    public void Forget(int rank) => _hasLeft[IndexOf(rank)] = true;

    /// <summary>Time has passed since the last look.</summary>
    /// <param name="elapsed">How much, by the clock.</param>
    public void Pass(TimeSpan elapsed)
    {
        TimeSpan awake = elapsed < 2 * pause ? elapsed : 2 * pause;
        for (int i = 0; i < _silent.Length; i++)
            _silent[i] += awake;
    }

    /// <summary>The first rank that was silent for too long; null: none was.</summary>
    public int? Silent
    {
        get
        {
            if (limit == Timeout.InfiniteTimeSpan)
                return null;
            for (int i = 0; i < _silent.Length; i++)
            {
                if (!_hasLeft[i] && _silent[i] >= limit)
                    return ranks[i];
            }

            return null;
        }
    }

    private int IndexOf(int rank)
    {
        for (int i = 0; i < ranks.Count; i++)
        {
            if (ranks[i] == rank)
                return i;
        }

        throw new ArgumentOutOfRangeException(nameof(rank), rank, "Nobody waits for signs of this rank.");
    }
}
