using System.Globalization;

namespace Seriatim;

/// <summary>What a stage of a model takes, as it has counted itself.</summary>
public sealed record StageReport
{
    /// <summary>Its number: the rank of its process.</summary>
    public required int Stage { get; init; }

    /// <summary>Where it runs.</summary>
    public required string Place { get; init; }

    /// <summary>Its first layer.</summary>
    public required int FirstLayer { get; init; }

    /// <summary>Number of its layers.</summary>
    public required int Layers { get; init; }

    /// <summary>Bytes of its weights in memory.</summary>
    public required long WeightBytes { get; init; }

    /// <summary>Bytes of its pages and states for what sequences remember: reserved, and taken as they are used.</summary>
    public required long MemoryBytes { get; init; }

    /// <summary>Bytes of memory that the system says its process has.</summary>
    public required long ResidentBytes { get; init; }

    private string Words => (Layers == 1 ? $"layer {FirstLayer}" : $"layers {FirstLayer} to {FirstLayer + Layers - 1}")
        + (FirstLayer == 0 ? ", embedding and head" : "");

    /// <summary>One line for people.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"stage {Stage} ({Place}): {Words}, weights {Mega(WeightBytes):0.0} MB, room for sequences " +
        $"{Mega(MemoryBytes):0.0} MB, process {Mega(ResidentBytes):0.0} MB");

    private static double Mega(long bytes) => bytes / 1e6;
}
