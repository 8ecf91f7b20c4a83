namespace Seriatim.Models;

/// <summary>The steps that a fresh state space layer takes: log-uniform, before any training.</summary>
/// <param name="Smallest">The smallest.</param>
/// <param name="Largest">The largest.</param>
/// <param name="Floor">Steps below are raised to it.</param>
public sealed record StepRange(float Smallest, float Largest, float Floor)
{
    /// <summary>Those of the paper (Gu and Dao, 2023: Mamba).</summary>
    public static StepRange Usual { get; } = new(0.001f, 0.1f, 1e-4f);
}
