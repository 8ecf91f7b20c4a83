namespace Seriatim.Models;

/// <summary>
/// The pages of one sequence in the order of its positions, each held by one reference; -1 where one was given back because it is
/// out of sight.
/// </summary>
internal sealed class PageTable(PagePool pool)
{
    private readonly List<int> _pages = [];
    private int _nextToRelease;

    public PagePool Pool { get; } = pool;

    public IReadOnlyList<int> Pages => _pages;

    /// <summary>Pages that are held.</summary>
    public int Held { get; private set; }

    /// <summary>A table of pages that are held already; it takes a reference to each.</summary>
    public static PageTable Of(PagePool pool, ReadOnlySpan<PageId> pages)
    {
        var table = new PageTable(pool);
        foreach (PageId page in pages)
            table.AddShared(page.Index);
        return table;
    }

    /// <summary>
    /// Makes positions <c>[first, end)</c> writable by this sequence alone: adds pages, and copies those that are shared. Either
    /// all of it happens or nothing.
    /// </summary>
    /// <exception cref="OutOfPagesException">The pool has too few pages.</exception>
    public void MakeWritable(int first, int end)
    {
        int pages = Pool.PagesFor(end);
        int shared = 0;
        int firstPage = first / Pool.PageSize;
        for (int i = firstPage; i < Math.Min(pages, _pages.Count); i++)
        {
            if (Pool.References(new PageId(_pages[i])) > 1)
                shared++;
        }

        Pool.RequireFree(Math.Max(0, pages - _pages.Count) + shared);
        for (int i = firstPage; i < Math.Min(pages, _pages.Count); i++)
            _pages[i] = Pool.MakeExclusive(new PageId(_pages[i])).Index;
        while (_pages.Count < pages)
        {
            _pages.Add(Pool.Allocate().Index);
            Held++;
        }
    }

    /// <summary>Releases the pages that hold no position below <paramref name="length"/>.</summary>
    public void ReleaseFrom(int length)
    {
        int keep = Pool.PagesFor(length);
        for (int i = _pages.Count - 1; i >= keep; i--)
        {
            Release(i);
            _pages.RemoveAt(i);
        }

        _nextToRelease = Math.Min(_nextToRelease, keep);
    }

    /// <summary>Releases the pages all of whose positions are in <c>[first, end)</c>.</summary>
    public void ReleaseBetween(int first, int end)
    {
        int last = Math.Min(end / Pool.PageSize, _pages.Count);
        for (int i = Math.Max(_nextToRelease, Pool.PagesFor(first)); i < last; i++)
        {
            Release(i);
            _pages[i] = -1;
            _nextToRelease = i + 1;
        }
    }

    /// <summary>A table of the same pages, up to <paramref name="length"/> positions.</summary>
    public PageTable Share(int length)
    {
        var copy = new PageTable(Pool) { _nextToRelease = _nextToRelease };
        for (int i = 0; i < Pool.PagesFor(length); i++)
            copy.AddShared(_pages[i]);
        return copy;
    }

    private void AddShared(int page)
    {
        _pages.Add(page);
        if (page < 0)
            return;
        Pool.Retain(new PageId(page));
        Held++;
    }

    private void Release(int i)
    {
        if (_pages[i] < 0)
            return;
        Pool.Release(new PageId(_pages[i]));
        Held--;
    }
}
