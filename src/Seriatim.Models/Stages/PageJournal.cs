namespace Seriatim.Models;

/// <summary>
/// The copies that were made within the pages of a model's pools and that other stages, whose pages have the same numbers, have
/// not made yet: those of shared pages before they are written, and those of positions on an accepted path of drafts. The next
/// pass tells them (<see cref="StagePass.Write"/>).
/// </summary>
public sealed class PageJournal
{
    private readonly List<PageCopy> _copies = [];

    /// <summary>Begins to write down what is copied.</summary>
    /// <param name="pools">Pools of the first stage.</param>
    /// <exception cref="NotSupportedException">A pool is of a kind that other stages do not have.</exception>
    public PageJournal(MemoryPools pools)
    {
        ArgumentNullException.ThrowIfNull(pools);
        for (int i = 0; i < pools.Count; i++)
        {
            int kind = i;
            if (pools[kind] is PagePool pages and not CrossPagePool)
                pages.Copied = copy => _copies.Add(copy with { Kind = kind });
            else if (pools[kind] is not StatePool)
                throw new NotSupportedException($"{pools[kind].Name} are not kept by several stages.");
        }
    }

    /// <summary>Copies that no pass has told yet.</summary>
    public int Count => _copies.Count;

    /// <summary>Those copies, which are told from now on.</summary>
    internal PageCopy[] Take()
    {
        PageCopy[] taken = [.. _copies];
        _copies.Clear();
        return taken;
    }
}
