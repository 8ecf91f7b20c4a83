using System.Collections;

namespace Seriatim.Models;

/// <summary>
/// The pages of one sequence in the order of its positions, each held by one reference; -1 where one was given back because it is
/// out of sight.
/// </summary>
internal sealed class PageTable(PositionPool pool)
{
    private int[] _pages = [];
    private int _viewed; // entries of the array that a view may see: they are not written with another page
    private int _goneFrom;
    private int _goneTo;
    private View? _view;

    public PositionPool Pool { get; } = pool;

    /// <summary>Number of pages, given back or not.</summary>
    public int Count { get; private set; }

    /// <summary>Pages that are held.</summary>
    public int Held { get; private set; }

    public int this[int i] => i >= _goneFrom && i < _goneTo ? -1 : _pages[i];

    /// <summary>
    /// The pages as they are now, whatever happens to the table later: a device may read them after it was asked. Costs nothing
    /// as long as nothing has changed.
    /// </summary>
    public IReadOnlyList<int> Snapshot()
    {
        _viewed = Math.Max(_viewed, Count);
        return _view ??= new View(_pages, Count, _goneFrom, _goneTo);
    }

    /// <summary>A table of pages that are held already; it takes a reference to each.</summary>
    public static PageTable Of(PositionPool pool, ReadOnlySpan<int> pages)
    {
        var table = new PageTable(pool);
        foreach (int page in pages)
            table.AddShared(page);
        return table;
    }

    /// <summary>A table of pages that somebody else holds, and that nobody changes.</summary>
    public static PageTable OfOthers(PositionPool pool, int[] pages) => new(pool) { _pages = pages, Count = pages.Length };

    /// <summary>Pages that <see cref="MakeWritable"/> takes from the pool.</summary>
    public int Missing(int first, int end)
    {
        int pages = Pool.PagesFor(end);
        int missing = Math.Max(0, pages - Count);
        for (int i = first / Pool.PageSize; i < Math.Min(pages, Count); i++)
        {
            if (Pool.References(this[i]) > 1)
                missing++;
        }

        return missing;
    }

    /// <summary>
    /// Makes positions <c>[first, end)</c> writable by this sequence alone: adds pages, and copies those that are shared.
    /// </summary>
    public void MakeWritable(int first, int end)
    {
        int pages = Pool.PagesFor(end);
        for (int i = first / Pool.PageSize; i < Math.Min(pages, Count); i++)
            Set(i, Pool.MakeExclusive(this[i]));
        while (Count < pages)
        {
            Add(Pool.Allocate());
            Held++;
        }
    }

    /// <summary>Releases the pages that hold no position below <paramref name="length"/>.</summary>
    public void ReleaseFrom(int length)
    {
        int keep = Pool.PagesFor(length);
        if (keep >= Count)
            return;
        for (int i = Count - 1; i >= keep; i--)
            Release(i);
        (Count, _view) = (keep, null);
        _goneTo = Math.Min(_goneTo, keep);
    }

    /// <summary>Releases the pages all of whose positions are in <c>[first, end)</c>; first is the same each time.</summary>
    public void ReleaseBetween(int first, int end)
    {
        int last = Math.Min(end / Pool.PageSize, Count);
        int from = Math.Max(_goneTo, Pool.PagesFor(first));
        if (from >= last)
            return;
        for (int i = from; i < last; i++)
            Release(i);
        (_goneFrom, _goneTo, _view) = (Pool.PagesFor(first), last, null);
    }

    /// <summary>A table of the same pages, up to <paramref name="length"/> positions.</summary>
    public PageTable Share(int length)
    {
        var copy = new PageTable(Pool);
        for (int i = 0; i < Pool.PagesFor(length); i++)
            copy.AddShared(this[i]);
        (copy._goneFrom, copy._goneTo) = (_goneFrom, _goneTo);
        return copy;
    }

    private void AddShared(int page)
    {
        Add(page);
        if (page < 0)
            return;
        Pool.Retain(page);
        Held++;
    }

    private void Release(int i)
    {
        if (this[i] < 0)
            return;
        Pool.Release(this[i]);
        Held--;
    }

    private void Add(int page)
    {
        if (Count == _pages.Length)
            Renew(Math.Max(4, 2 * Count));
        Set(Count, page);
        Count++;
        _view = null;
    }

    private void Set(int i, int page)
    {
        if (_pages[i] == page)
            return;
        if (i < _viewed)
            Renew(_pages.Length);
        (_pages[i], _view) = (page, null);
    }

    /// <summary>Goes on in another array; views keep the one they have.</summary>
    private void Renew(int capacity)
    {
        int[] pages = new int[capacity];
        _pages.AsSpan(0, Count).CopyTo(pages);
        (_pages, _viewed) = (pages, 0);
    }

    private sealed class View(int[] pages, int count, int goneFrom, int goneTo) : IReadOnlyList<int>
    {
        public int Count => count;

        public int this[int i]
        {
            get
            {
                if ((uint)i >= (uint)count)
                    throw new ArgumentOutOfRangeException(nameof(i), i, $"The sequence has {count} pages.");
                return i >= goneFrom && i < goneTo ? -1 : pages[i];
            }
        }

        public IEnumerator<int> GetEnumerator()
        {
            for (int i = 0; i < count; i++)
                yield return this[i];
        }

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
