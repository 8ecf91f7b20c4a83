namespace Seriatim.Models;

/// <summary>
/// Which pages of a <see cref="KeyValuePool"/> are in use, by counted references: pages are shared by forked sequences and
/// copied when one of them writes. No policy: who gets pages, and what happens when there are none, is decided above.
/// </summary>
/// <remarks>Used by one thread at a time.</remarks>
public sealed class PagePool : IDisposable
{
    private readonly int[] _references;
    private readonly Stack<int> _free;

    /// <summary>Takes a pool over, all pages free. Disposing this disposes the pool.</summary>
    /// <param name="storage">Where the keys and values lie.</param>
    public PagePool(KeyValuePool storage)
    {
        Storage = storage;
        _references = new int[storage.Pages];
        _free = new Stack<int>(storage.Pages);
        for (int page = storage.Pages - 1; page >= 0; page--)
            _free.Push(page);
    }

    /// <summary>Where the keys and values lie.</summary>
    public KeyValuePool Storage { get; }

    /// <summary>Positions in a page, P.</summary>
    public int PageSize => Storage.PageSize;

    /// <summary>Number of pages.</summary>
    public int Pages => Storage.Pages;

    /// <summary>Pages that nobody holds.</summary>
    public int Free => _free.Count;

    /// <summary>Pages needed for a number of positions.</summary>
    public int PagesFor(int positions) => (int)(((long)positions + PageSize - 1) / PageSize);

    /// <summary>Takes a free page with one reference. Its content is undefined.</summary>
    /// <exception cref="OutOfPagesException">No page is free.</exception>
    public PageId Allocate()
    {
        RequireFree(1);
        int page = _free.Pop();
        _references[page] = 1;
        return new PageId(page);
    }

    /// <summary>Throws unless so many pages are free.</summary>
    /// <exception cref="OutOfPagesException">Fewer pages are free.</exception>
    public void RequireFree(int pages)
    {
        if (pages > _free.Count)
            throw new OutOfPagesException(pages, _free.Count, Pages);
    }

    /// <summary>References held to a page; 0 if it is free.</summary>
    public int References(PageId page) => _references[page.Index];

    /// <summary>Adds a reference.</summary>
    /// <exception cref="InvalidOperationException">The page is free.</exception>
    public void Retain(PageId page)
    {
        RequireHeld(page);
        _references[page.Index]++;
    }

    /// <summary>Takes a reference away; the last one frees the page.</summary>
    /// <exception cref="InvalidOperationException">The page is free.</exception>
    public void Release(PageId page)
    {
        RequireHeld(page);
        if (--_references[page.Index] == 0)
            _free.Push(page.Index);
    }

    /// <summary>
    /// Turns a reference to a page into one to a page with the same content that nobody else holds: the page itself if it is not
    /// shared, else a copy.
    /// </summary>
    /// <exception cref="OutOfPagesException">The page is shared and no page is free.</exception>
    public PageId MakeExclusive(PageId page)
    {
        RequireHeld(page);
        if (_references[page.Index] == 1)
            return page;
        PageId copy = Allocate();
        Storage.CopyPage(page.Index, copy.Index);
        Release(page);
        return copy;
    }

    /// <inheritdoc/>
    public void Dispose() => Storage.Dispose();

    private void RequireHeld(PageId page)
    {
        if (_references[page.Index] == 0)
            throw new InvalidOperationException($"Page {page.Index} is free: it was released once more than it was retained.");
    }
}
