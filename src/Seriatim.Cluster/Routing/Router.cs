namespace Seriatim.Cluster;

/// <summary>
/// Where a request goes: to where most of its prompt is computed already, among the replicas that are not too busy. The bound is
/// that of consistent hashing with bounded loads (Mirrokni, Thorup, Zadimoghaddam, "Consistent hashing with bounded loads",
/// 2018): with the request, none has more than <c>⌈factor · (all requests + 1) / replicas⌉</c>.
/// </summary>
internal static class Router
{
    /// <summary>The replica to ask first; -1: there is none. Each is looked at once, whatever their number.</summary>
    /// <param name="candidates">Those that may run the request.</param>
    /// <param name="factor">How far above the mean a replica may be; from 1.</param>
    /// <param name="isUrgent">
    /// Whether the request is ahead of others: then it goes where the fewest are, and what is computed decides between equals.
    /// </param>
    public static int Best(ReadOnlySpan<Candidate> candidates, double factor, bool isUrgent)
    {
        double bound = BoundOf(candidates, factor);
        int best = candidates.Length == 0 ? -1 : 0;
        for (int i = 1; i < candidates.Length; i++)
        {
            if (GoesBefore(candidates[i], candidates[best], bound, isUrgent))
                best = i;
        }

        return best;
    }

    /// <summary>The replica whose turn it is, whatever is known of it: the next by name; -1: there is none.</summary>
    /// <param name="candidates">Those that may run the request.</param>
    /// <param name="last">Name of the silo that had the turn before.</param>
    public static int Next(ReadOnlySpan<Candidate> candidates, string last)
    {
        (int next, int first) = (-1, -1);
        for (int i = 0; i < candidates.Length; i++)
        {
            string name = candidates[i].Silo;
            if (first < 0 || string.CompareOrdinal(name, candidates[first].Silo) < 0)
                first = i;
            if (string.CompareOrdinal(name, last) > 0 && (next < 0 || string.CompareOrdinal(name, candidates[next].Silo) < 0))
                next = i;
        }

        return next < 0 ? first : next;
    }

    /// <summary>Most requests of a replica, the new one with it.</summary>
    public static double BoundOf(ReadOnlySpan<Candidate> candidates, double factor)
    {
        double load = 0;
        foreach (ref readonly Candidate one in candidates)
            load += one.Load;
        return candidates.Length == 0 ? 0 : Math.Ceiling(factor * (load + 1) / candidates.Length);
    }

    private static bool GoesBefore(in Candidate one, in Candidate other, double bound, bool isUrgent)
    {
        bool isOver = one.Load + 1 > bound;
        if (isOver != other.Load + 1 > bound)
            return !isOver;

        // Above the bound what is computed does not count: the fewest requests do.
        int more = isOver && !isUrgent ? 0 : one.CachedPages.CompareTo(other.CachedPages);
        int fewer = other.Load.CompareTo(one.Load);
        (int first, int second) = isUrgent ? (fewer, more) : (more, fewer);
        if (first != 0 || second != 0)
            return first != 0 ? first > 0 : second > 0;
        return one.IsHere != other.IsHere ? one.IsHere : string.CompareOrdinal(one.Silo, other.Silo) < 0;
    }
}
