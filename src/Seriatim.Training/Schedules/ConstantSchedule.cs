namespace Seriatim.Training;

/// <summary>The same rate after the warm-up.</summary>
/// <param name="Peak">The highest rate.</param>
/// <param name="WarmupSteps">Steps of the linear rise.</param>
public sealed record ConstantSchedule(double Peak, long WarmupSteps = 0) : LearningRateSchedule(Peak, WarmupSteps)
{
    /// <inheritdoc/>
    protected override double AfterWarmup(long step) => Peak;
}
