namespace Seriatim.Training;

/// <summary>A straight fall to 0 at the last step.</summary>
/// <param name="Peak">The highest rate.</param>
/// <param name="WarmupSteps">Steps of the linear rise.</param>
/// <param name="TotalSteps">Number of all steps, the warm-up included.</param>
public sealed record LinearSchedule(double Peak, long WarmupSteps, long TotalSteps) : LearningRateSchedule(Peak, WarmupSteps)
{
    /// <inheritdoc/>
    protected override double AfterWarmup(long step) =>
        Peak * Math.Max(0, (double)(TotalSteps - step) / Math.Max(1, TotalSteps - WarmupSteps));
}
