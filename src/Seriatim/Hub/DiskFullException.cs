namespace Seriatim;

/// <summary>The cache's disk has no room for what is to be fetched.</summary>
public sealed class DiskFullException : ModelHubException
{
    internal DiskFullException(string folder, long needed, long available, Exception? inner = null)
        : base($"{folder}: {needed} bytes are still to be written and {available} are free. Make room, or set HF_HOME to a "
            + "larger disk.", inner) =>
        (Needed, Available) = (needed, available);

    /// <summary>Bytes still to be written.</summary>
    public long Needed { get; }

    /// <summary>Bytes that are free.</summary>
    public long Available { get; }
}
