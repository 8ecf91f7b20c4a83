namespace Seriatim.Generation;

/// <summary>Whether an engine works, and what it met.</summary>
public sealed record EngineHealth
{
    /// <summary>What it is doing.</summary>
    public required EngineState State { get; init; }

    /// <summary>Steps that broke off. After each the engine went on; after two in a row without the requests it had.</summary>
    public long Faults { get; init; }

    /// <summary>Why the last one did; null: none has.</summary>
    public Exception? LastFault { get; init; }
}
