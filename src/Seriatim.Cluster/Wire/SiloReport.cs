namespace Seriatim.Cluster;

/// <summary>How a silo is.</summary>
[GenerateSerializer]
[Immutable]
internal sealed record SiloReport
{
    /// <summary>Whether it is about to stop, and takes nothing new.</summary>
    [Id(0)]
    public bool IsDraining { get; init; }

    /// <summary>Version of the library.</summary>
    [Id(1)]
    public string Version { get; init; } = "";

    /// <summary>Its models.</summary>
    [Id(2)]
    public ModelReport[] Models { get; init; } = [];
}
