namespace Seriatim;

/// <summary>How far a download is.</summary>
public readonly record struct DownloadProgress
{
    /// <summary>The file that is being fetched.</summary>
    public required string File { get; init; }

    /// <summary>Bytes of the whole model that are there, those from before included.</summary>
    public required long Done { get; init; }

    /// <summary>Bytes of the whole model.</summary>
    public required long Total { get; init; }

    /// <summary>How long is waited now, because the hub is busy; zero: it is being fetched.</summary>
    public TimeSpan Pause { get; init; }
}
