namespace Seriatim.Cluster;

/// <summary>A request that a door asks a replica to run.</summary>
[GenerateSerializer]
[Immutable]
internal sealed record RunOrder
{
    /// <summary>Name of the model.</summary>
    [Id(0)]
    public string Model { get; init; } = "";

    /// <summary>What the door's model gives equal answers by: weights, tokenizer, defaults, version.</summary>
    [Id(1)]
    public string Fingerprint { get; init; } = "";

    /// <summary>The request as it stands: <see cref="Generation.RequestState.ToBytes"/>.</summary>
    [Id(2)]
    public byte[] State { get; init; } = [];

    /// <summary>Name of the silo whose door asks.</summary>
    [Id(3)]
    public string Door { get; init; } = "";

    /// <summary>The run's number, of the door's choice: so it can be ended even where no answer came.</summary>
    [Id(4)]
    public Guid Run { get; init; }
}
