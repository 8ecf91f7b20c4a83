namespace Seriatim;

/// <summary>How far a download is.</summary>
/// <param name="File">The file that is being fetched.</param>
/// <param name="Done">Bytes of the whole model that are there, those from before included.</param>
/// <param name="Total">Bytes of the whole model.</param>
public readonly record struct DownloadProgress(string File, long Done, long Total)
{
    /// <summary>How long is waited now, because the hub is busy; zero: it is being fetched.</summary>
    public TimeSpan Pause { get; init; }
}
