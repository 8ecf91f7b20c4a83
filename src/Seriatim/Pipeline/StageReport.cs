using System.Globalization;

namespace Seriatim;

/// <summary>What a stage of a model takes, as it has counted itself.</summary>
/// <param name="Stage">Its number: the rank of its process.</param>
/// <param name="Place">Where it runs.</param>
/// <param name="FirstLayer">Its first layer.</param>
/// <param name="Layers">Number of its layers.</param>
/// <param name="WeightBytes">Bytes of its weights in memory.</param>
/// <param name="MemoryBytes">Bytes of its pages and states for what sequences remember.</param>
/// <param name="ResidentBytes">Bytes of memory that the system says its process has.</param>
public sealed record StageReport(
    int Stage, string Place, int FirstLayer, int Layers, long WeightBytes, long MemoryBytes, long ResidentBytes)
{
    /// <summary>One line for people.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"stage {Stage} ({Place}): {Words}, weights {Mega(WeightBytes):0.0} MB, room for sequences {Mega(MemoryBytes):0.0} MB, process " +
        $"{Mega(ResidentBytes):0.0} MB");

    private string Words => (Layers == 1 ? $"layer {FirstLayer}" : $"layers {FirstLayer} to {FirstLayer + Layers - 1}")
        + (FirstLayer == 0 ? ", embedding and head" : "");

    private static double Mega(long bytes) => bytes / 1e6;
}
