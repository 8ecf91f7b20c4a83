namespace Seriatim.Cluster;

/// <summary>What a door knows of a replica of a model on another silo, or its own.</summary>
/// <param name="index">Where pages of the model are found.</param>
internal sealed class KnownReplica(PageIndex index)
{
    private uint[] _pages = [];

    /// <summary>The last that it told.</summary>
    public ModelReport Report { get; private set; } = new();

    /// <summary>Requests that this door has sent there since.</summary>
    public int Sent { get; private set; }

    /// <summary>Requests there, as far as this door knows.</summary>
    public int Load => Report.Running + Report.Waiting + Sent;

    /// <summary>In which look of the index <see cref="Cached"/> was found; for <see cref="PageIndex"/>.</summary>
    public int Look { get; set; }

    /// <summary>Pages of the prompt that was looked up then.</summary>
    public int Cached { get; set; }

    /// <summary>Takes a report.</summary>
    public void Take(ModelReport report)
    {
        Sent = 0;
        Report = report;
        if (report.CachedPages is not { } pages)
            return;

        // They are kept here in their order, and not twice.
        Take(pages);
        Report = report with { CachedPages = null };
    }

    /// <summary>A request goes there.</summary>
    public void Send() => Sent++;

    /// <summary>It is there no more: nor are its pages.</summary>
    public void Forget() => Take([]);

    /// <summary>Only what has changed since the last report is changed in the index.</summary>
    private void Take(uint[] told)
    {
        uint[] pages = [.. told];
        if (!IsSorted(pages))
            Array.Sort(pages);
        pages = pages[..Distinct(pages)];
        (int old, int young) = (0, 0);
        while (old < _pages.Length || young < pages.Length)
        {
            if (young == pages.Length || (old < _pages.Length && _pages[old] < pages[young]))
                index.Remove(_pages[old++], this);
            else if (old == _pages.Length || pages[young] < _pages[old])
                index.Add(pages[young++], this);
            else
                (old, young) = (old + 1, young + 1);
        }

        _pages = pages;
    }

    /// <summary>As replicas tell them.</summary>
    private static bool IsSorted(uint[] pages)
    {
        for (int i = 1; i < pages.Length; i++)
        {
            if (pages[i] < pages[i - 1])
                return false;
        }

        return true;
    }

    private static int Distinct(uint[] sorted)
    {
        int count = 0;
        for (int i = 0; i < sorted.Length; i++)
        {
            if (count == 0 || sorted[i] != sorted[count - 1])
                sorted[count++] = sorted[i];
        }

        return count;
    }
}
