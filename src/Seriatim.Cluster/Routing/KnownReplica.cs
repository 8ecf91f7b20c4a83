namespace Seriatim.Cluster;

/// <summary>What a door knows of a replica of a model on another silo, or its own.</summary>
internal sealed class KnownReplica
{
    private readonly HashSet<uint> _pages = [];

    /// <summary>The last that it told.</summary>
    public ModelReport Report { get; private set; } = new();

    /// <summary>Requests that this door has sent there since.</summary>
    public int Sent { get; private set; }

    /// <summary>Requests there, as far as this door knows.</summary>
    public int Load => Report.Running + Report.Waiting + Sent;

    /// <summary>Takes a report.</summary>
    public void Take(ModelReport report)
    {
        if (report.CachedPages is { } pages)
        {
            _pages.Clear();
            _pages.UnionWith(pages);
        }

        (Report, Sent) = (report, 0);
    }

    /// <summary>A request goes there.</summary>
    public void Send() => Sent++;

    /// <summary>How many pages of a prompt are there: the last whose hash is known, as it stands for all before.</summary>
    public int CachedOf(IReadOnlyList<ulong> pages)
    {
        for (int count = pages.Count; count > 0; count--)
        {
            if (_pages.Contains((uint)(pages[count - 1] >> 32)))
                return count;
        }

        return 0;
    }
}
