namespace Seriatim.Models;

/// <summary>
/// Queries grow with their position p, so that scores stay sharp over many keys: times
/// <c>1 + Slope · ln(1 + ⌊(p + 1) / Step⌋)</c> (Nakanishi, 2025; Llama 4).
/// </summary>
/// <param name="Slope">How much.</param>
/// <param name="Step">Positions that have one factor.</param>
public sealed record TemperatureSpec(double Slope, double Step)
{
    /// <summary>The factor at a position.</summary>
    public float At(int position) => (float)(1 + Slope * PlainMath.Log(1 + Math.Floor((position + 1) / Step)));
}
