namespace Seriatim.Tensors;

/// <summary>
/// The rates of a selective scan: <c>A = -exp(A_log)</c>, with the bits that <see cref="OpsExtensions.SelectiveScan"/> computes
/// with. Some file formats hold the rates, models hold their logarithms.
/// </summary>
public static class ScanRates
{
    /// <summary>Logarithms to either side of the nearest one that are tried.</summary>
    private const int Neighbours = 4;

    /// <summary><c>-exp(A_log)</c>.</summary>
    public static float Of(float logRate) => -LaneMath<LanePair<LanePair<Lanes128>>>.Exp(logRate);

    /// <summary>
    /// The logarithm whose rate is nearest; of several the one nearest to the exact logarithm. A rate that
    /// <see cref="Of"/> gave comes back with its bits.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The rate is not a negative number.</exception>
    public static float LogOf(float rate)
    {
        if (!(rate < 0) || float.IsInfinity(rate))
            throw new ArgumentOutOfRangeException(nameof(rate), rate, "A rate is a negative number.");
        float exact = (float)PlainMath.Log(-(double)rate);
        (float best, float lower, float higher) = (exact, exact, exact);
        for (int i = 0; i < Neighbours && Of(best) != rate; i++)
        {
            (lower, higher) = (MathF.BitDecrement(lower), MathF.BitIncrement(higher));
            foreach (float candidate in (ReadOnlySpan<float>)[lower, higher])
            {
                if (Math.Abs((double)Of(candidate) - rate) < Math.Abs((double)Of(best) - rate))
                    best = candidate;
            }
        }

        return best;
    }
}
