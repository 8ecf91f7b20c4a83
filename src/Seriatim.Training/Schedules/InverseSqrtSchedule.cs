namespace Seriatim.Training;

/// <summary>A fall with the root of the step: Noam, scaled so that the peak is given.</summary>
/// <param name="Peak">The highest rate.</param>
/// <param name="WarmupSteps">Steps of the linear rise.</param>
/// <param name="Timescale">
/// Steps after which the rate has fallen by the root of 2; by default the warm-up, or 10,000 without one.
/// </param>
public sealed record InverseSqrtSchedule(double Peak, long WarmupSteps, long? Timescale = null)
    : LearningRateSchedule(Peak, WarmupSteps)
{
    /// <inheritdoc/>
    protected override double AfterWarmup(long step)
    {
        long scale = Timescale ?? (WarmupSteps > 0 ? WarmupSteps : 10_000);
        return Peak / Math.Sqrt((double)(step + scale - WarmupSteps) / scale);
    }
}
