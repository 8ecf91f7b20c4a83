namespace Seriatim.Generation;

/// <summary>Makes a small picture of the prefix cache, however large that is.</summary>
internal static class PrefixSurvey
{
    /// <summary>Branches that are told, and pages that are looked at, at most.</summary>
    private const int MostBranches = 96, MostPages = 20_000;

    /// <summary>The trees of a cache.</summary>
    /// <param name="cache">The cache.</param>
    /// <param name="pools">Its memory.</param>
    public static PrefixForest Of(PrefixCache cache, MemoryPools pools)
    {
        List<PrefixBranch> branches = [];
        Stack<(PrefixNode Node, int Parent)> waiting = new(
            cache.Nodes.Take(MostPages).Where(node => node.Parent is null).Take(MostBranches).Select(node => (node, -1)));
        int looked = 0, told = 0;
        while (branches.Count < MostBranches && looked < MostPages && waiting.TryPop(out (PrefixNode Node, int Parent) next))
        {
            PrefixNode end = next.Node;
            int pages = 1, used = IsUsed(end, pools) ? 1 : 0;
            while (end.FirstBehind is { NextBeside: null } behind && looked + pages < MostPages)
            {
                end = behind;
                pages++;
                used += IsUsed(end, pools) ? 1 : 0;
            }

            (looked, told) = (looked + pages, told + pages);
            int own = branches.Count;
            branches.Add(new PrefixBranch(next.Parent, pages, used));
            for (PrefixNode? fork = end.FirstBehind; fork is not null && waiting.Count < MostBranches; fork = fork.NextBeside)
                waiting.Push((fork, own));
        }

        return new PrefixForest(cache.Count, cache.Count - told, branches);
    }

    /// <summary>Whether a sequence holds a unit of the page: the cache's own reference is the first.</summary>
    private static bool IsUsed(PrefixNode node, MemoryPools pools)
    {
        for (int kind = 0; kind < pools.Count; kind++)
        {
            if (node.Units[kind] is >= 0 and var unit && pools[kind].References(unit) > 1)
                return true;
        }

        return false;
    }
}
