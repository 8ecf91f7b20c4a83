namespace Seriatim.Generation;

/// <summary>How a host keeps a model.</summary>
public sealed record HostedModelOptions
{
    /// <summary>How long it stays loaded after its last use; zero: not at all. Null: as the host says.</summary>
    public TimeSpan? KeepAlive { get; init; }

    /// <summary>
    /// About how many bytes it will take, weights and what sequences remember, e.g. the size of its file and
    /// <see cref="EngineOptions.MemoryBytes"/>: room is made before it is loaded, and what can never fit is refused without
    /// loading it. Null: it is loaded first, and for that time all may take more than the host's memory.
    /// </summary>
    public long? ExpectedBytes { get; init; }

    internal void Check()
    {
        if (KeepAlive is { } time)
            EngineHostOptions.CheckTime("KeepAlive", time);
        if (ExpectedBytes is < 0)
            throw new InvalidOptionException("ExpectedBytes", ExpectedBytes, "0 or more is allowed");
    }
}
