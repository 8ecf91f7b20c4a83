namespace Seriatim.Training;

/// <summary>Half a cosine from the peak down to a minimum (Loshchilov and Hutter, 2017).</summary>
/// <param name="Peak">The highest rate.</param>
/// <param name="WarmupSteps">Steps of the linear rise.</param>
/// <param name="TotalSteps">Number of all steps, the warm-up included.</param>
/// <param name="Minimum">The rate at the end.</param>
public sealed record CosineSchedule(double Peak, long WarmupSteps, long TotalSteps, double Minimum = 0)
    : LearningRateSchedule(Peak, WarmupSteps)
{
    /// <inheritdoc/>
    protected override double AfterWarmup(long step) =>
        Minimum + (Peak - Minimum) * 0.5 * (1 + Math.Cos(Math.PI * Progress(step, TotalSteps)));
}
