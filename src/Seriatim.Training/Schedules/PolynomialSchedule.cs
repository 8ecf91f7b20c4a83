namespace Seriatim.Training;

/// <summary>A power of the remaining share of the steps.</summary>
/// <param name="Peak">The highest rate.</param>
/// <param name="WarmupSteps">Steps of the linear rise.</param>
/// <param name="TotalSteps">Number of all steps, the warm-up included.</param>
/// <param name="Power">Power of the remaining share of the steps.</param>
/// <param name="Minimum">The rate at the end.</param>
public sealed record PolynomialSchedule(double Peak, long WarmupSteps, long TotalSteps, double Power = 1, double Minimum = 1e-7)
    : LearningRateSchedule(Peak, WarmupSteps)
{
    /// <inheritdoc/>
    protected override double AfterWarmup(long step) =>
        Minimum + (Peak - Minimum) * Math.Pow(1 - Progress(step, TotalSteps), Power);
}
