namespace Seriatim.Models;

/// <summary>
/// Queries grow with their position p, so that scores stay sharp over many keys: times
/// <c>1 + Slope · ln(1 + ⌊(p + Ahead) / Step⌋)</c> (Nakanishi, 2025; Llama 4).
/// </summary>
/// <param name="Slope">How much.</param>
/// <param name="Step">Positions that have one factor.</param>
public sealed record TemperatureSpec(double Slope, double Step)
{
    /// <summary>Added to positions: 1 where a step ends at its last position, 0 where the next one starts it.</summary>
    public int Ahead { get; init; } = 1;

    /// <summary>The factor at a position.</summary>
    public float At(int position) => (float)(1 + Slope * PlainMath.Log(1 + Math.Floor(((double)position + Ahead) / Step)));
}
