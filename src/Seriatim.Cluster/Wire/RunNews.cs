namespace Seriatim.Cluster;

/// <summary>
/// What has come out of a run since it was last asked for, perhaps nothing: an answer that comes is the sign of life.
/// </summary>
[GenerateSerializer]
[Immutable]
internal sealed record RunNews
{
    /// <summary>The updates, as <see cref="RunJson"/> writes them; empty: none.</summary>
    [Id(0)]
    public byte[] Updates { get; init; } = [];

    /// <summary>Whether it has ended.</summary>
    [Id(1)]
    public RunEnd End { get; init; }

    /// <summary>Of a run that is done: its result, as <see cref="RunJson"/> writes it.</summary>
    [Id(2)]
    public byte[] Result { get; init; } = [];

    /// <summary>Of a run that was handed over: its state.</summary>
    [Id(3)]
    public byte[] State { get; init; } = [];

    /// <summary>Of a run that failed: why.</summary>
    [Id(4)]
    public string Failure { get; init; } = "";

    /// <summary>How busy the model is there.</summary>
    [Id(5)]
    public ModelReport? Load { get; init; }
}
