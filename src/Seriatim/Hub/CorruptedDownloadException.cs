namespace Seriatim;

/// <summary>A file arrived whole but is not the one the hub promised; it was thrown away.</summary>
public sealed class CorruptedDownloadException : ModelHubException
{
    internal CorruptedDownloadException(string file, string expected, string actual)
        : base($"{file}: the hub promises hash {expected}, what arrived has {actual}. It was thrown away; try again.") =>
        (File, Expected, Actual) = (file, expected, actual);

    /// <summary>The file.</summary>
    public string File { get; }

    /// <summary>The hash that was promised.</summary>
    public string Expected { get; }

    /// <summary>The hash of what arrived.</summary>
    public string Actual { get; }
}
