namespace Seriatim.Generation;

/// <summary>How a model of a host is.</summary>
public sealed record HostedModelStatus
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>How far it is.</summary>
    public required HostedModelState State { get; init; }

    /// <summary>Leases that are out.</summary>
    public int Leases { get; init; }

    /// <summary>Bytes that it holds of the host's memory: weights and pools.</summary>
    public long Bytes { get; init; }

    /// <summary>Whether its engine works, and what it met; null: there is none.</summary>
    public EngineHealth? Health { get; init; }

    /// <summary>How busy its engine is; null: there is none.</summary>
    public EngineLoad? Load { get; init; }

    /// <summary>Why it could not be opened the last time; null: it could, or nobody asked.</summary>
    public Exception? OpenFault { get; init; }
}
