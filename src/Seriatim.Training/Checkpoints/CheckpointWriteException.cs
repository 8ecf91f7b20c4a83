namespace Seriatim.Training;

/// <summary>A checkpoint or the finished model could not be written: the disk is full, or the folder cannot be written.</summary>
/// <param name="folder">What should have been written.</param>
/// <param name="needed">About how many bytes it takes.</param>
/// <param name="latest">The newest whole checkpoint; null if there is none.</param>
/// <param name="cause">What the system said.</param>
public sealed class CheckpointWriteException(string folder, long needed, string? latest, Exception cause) : SeriatimException(
    $"{folder} could not be written: {cause.Message} It takes about {needed / 1e6:F0} MB; {FreeText(folder)} "
    + (latest is null ? "There is no checkpoint yet. " : $"{latest} is whole: make room and resume from it. "), cause)
{
    /// <summary>What should have been written.</summary>
    public string Folder => folder;

    /// <summary>About how many bytes it takes.</summary>
    public long Needed => needed;

    /// <summary>The newest whole checkpoint; null if there is none.</summary>
    public string? Latest => latest;

    /// <summary>Bytes free on the disk of a folder; null where the system does not say.</summary>
    internal static long? FreeBytes(string folder)
    {
        try
        {
            return new DriveInfo(Path.GetFullPath(folder)).AvailableFreeSpace;
        }
        catch (Exception error) when (error is IOException or ArgumentException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string FreeText(string folder) =>
        FreeBytes(folder) is { } free ? $"{free / 1e6:F0} MB are free." : "The free space is not known.";
}
