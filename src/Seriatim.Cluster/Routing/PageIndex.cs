using System.Runtime.InteropServices;

namespace Seriatim.Cluster;

/// <summary>
/// Which replicas of a model tell of a page. A request is looked up once, page by page, and not once in each replica: what it
/// costs follows from those that have some of it.
/// </summary>
internal sealed class PageIndex
{
    private readonly Dictionary<uint, Holders> _pages = [];
    private int _look;

    /// <summary>Pages that somebody has.</summary>
    public int Count => _pages.Count;

    /// <summary>Looks a prompt up, for <see cref="CachedOf"/>.</summary>
    /// <param name="pages">Hashes of its pages, in order.</param>
    public void Look(IReadOnlyList<ulong> pages)
    {
        _look++;
        for (int count = pages.Count; count > 0; count--)
        {
            if (!_pages.TryGetValue(HalfOf(pages[count - 1]), out Holders holders))
                continue;
            Mark(holders.One, count);
            foreach (KnownReplica replica in CollectionsMarshal.AsSpan(holders.More))
                Mark(replica, count);
        }
    }

    /// <summary>
    /// How many pages of the prompt that was looked up last a replica has: the last whose hash is known, as it stands for all
    /// before.
    /// </summary>
    public int CachedOf(KnownReplica replica) => replica.Look == _look ? replica.Cached : 0;

    /// <summary>The half of a hash that travels.</summary>
    public static uint HalfOf(ulong hash) => (uint)(hash >> 32);

    /// <summary>A replica has a page.</summary>
    public void Add(uint page, KnownReplica replica)
    {
        ref Holders holders = ref CollectionsMarshal.GetValueRefOrAddDefault(_pages, page, out bool exists);
        if (exists)
            (holders.More ??= []).Add(replica);
        else
            holders.One = replica;
    }

    /// <summary>A replica has a page no more.</summary>
    public void Remove(uint page, KnownReplica replica)
    {
        ref Holders holders = ref CollectionsMarshal.GetValueRefOrNullRef(_pages, page);
        if (holders.One == replica && holders.More is not { Count: > 0 })
        {
            _pages.Remove(page);
            return;
        }

        if (holders.One != replica)
        {
            holders.More!.Remove(replica);
            return;
        }

        holders.One = holders.More![^1];
        holders.More.RemoveAt(holders.More.Count - 1);
    }

    private void Mark(KnownReplica replica, int count)
    {
        if (replica.Look != _look)
            (replica.Look, replica.Cached) = (_look, count);
    }

    /// <summary>Most pages are in one place.</summary>
    private struct Holders
    {
        public KnownReplica One;
        public List<KnownReplica>? More;
    }
}
