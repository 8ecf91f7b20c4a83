namespace Seriatim.Models;

/// <summary>How a model is loaded.</summary>
public sealed record ModelLoadOptions
{
    /// <summary>How matrices are kept in memory. Training needs <see cref="WeightStorage.F32"/>.</summary>
    public WeightStorage Storage { get; init; } = WeightStorage.AsStored;
}
