namespace Seriatim.Cluster;

/// <summary>
/// Where a request goes: to where most of its prompt is computed already, among the replicas that are not too busy. The bound is
/// that of consistent hashing with bounded loads (Mirrokni, Thorup, Zadimoghaddam, "Consistent hashing with bounded loads",
/// 2018): with the request, none has more than <c>⌈factor · (all requests + 1) / replicas⌉</c>.
/// </summary>
internal static class Router
{
    /// <summary>The replicas in the order in which to ask them.</summary>
    /// <param name="candidates">Those that may run the request.</param>
    /// <param name="factor">How far above the mean a replica may be; from 1.</param>
    /// <param name="isUrgent">
    /// Whether the request is ahead of others: then it goes where the fewest are, and what is computed decides between equals.
    /// </param>
    public static IReadOnlyList<Candidate> Order(IReadOnlyCollection<Candidate> candidates, double factor, bool isUrgent)
    {
        double bound = BoundOf(candidates, factor);
        IOrderedEnumerable<Candidate> within = candidates.OrderBy(one => one.Load + 1 > bound);
        within = isUrgent
            ? within.ThenBy(one => one.Load).ThenByDescending(one => one.CachedPages)
            : within.ThenByDescending(one => one.Load + 1 > bound ? 0 : one.CachedPages).ThenBy(one => one.Load);
        return [.. within.ThenByDescending(one => one.IsHere).ThenBy(one => one.Silo, StringComparer.Ordinal)];
    }

    /// <summary>Most requests of a replica, the new one with it.</summary>
    public static double BoundOf(IReadOnlyCollection<Candidate> candidates, double factor) => candidates.Count == 0 ? 0
        : Math.Ceiling(factor * (candidates.Sum(one => (double)one.Load) + 1) / candidates.Count);
}
