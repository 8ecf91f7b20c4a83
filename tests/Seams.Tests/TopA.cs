namespace Seams.Tests;

/// <summary>
/// A sampler of a user's, in one file: only tokens with at least a · p² of the probability, p being the highest.
/// </summary>
/// <param name="a">Above 0 and up to 1.</param>
public sealed class TopA(double a) : LogitsProcessor
{
    /// <inheritdoc/>
    public override void Apply(LogitsRow row)
    {
        // p = 1 / sum, and exp(l - best) / sum >= a / sum² is l >= best + log(a / sum).
        (double best, double sum) = row.SoftmaxParts();
        row.KeepFrom(best + PlainMath.Log(a / sum));
    }
}
