namespace Seriatim.Cluster;

/// <summary>One prompt of a durable request as it is stored.</summary>
internal sealed record KeptPrompt
{
    /// <summary>The request as it was decided, random numbers and all: <see cref="Generation.RequestState.ToBytes"/>.</summary>
    public byte[] State { get; init; } = [];

    /// <summary>What has come out of it, as <see cref="RunJson"/> writes it.</summary>
    public byte[] Updates { get; init; } = [];

    /// <summary>Its result, as <see cref="RunJson"/> writes it; empty: there is none yet.</summary>
    public byte[] Result { get; init; } = [];
}
