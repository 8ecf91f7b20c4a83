namespace Seriatim.Training;

/// <summary>Several half cosines, each from the peak down to 0.</summary>
/// <param name="Peak">The highest rate.</param>
/// <param name="WarmupSteps">Steps of the linear rise.</param>
/// <param name="TotalSteps">Number of all steps, the warm-up included.</param>
/// <param name="Cycles">How often the rate falls, each time from the peak to 0.</param>
public sealed record CosineRestartsSchedule(double Peak, long WarmupSteps, long TotalSteps, int Cycles = 1)
    : LearningRateSchedule(Peak, WarmupSteps)
{
    /// <inheritdoc/>
    protected override double AfterWarmup(long step)
    {
        double progress = Progress(step, TotalSteps);
        return progress >= 1 ? 0 : Peak * 0.5 * (1 + Math.Cos(Math.PI * (Cycles * progress % 1)));
    }
}
