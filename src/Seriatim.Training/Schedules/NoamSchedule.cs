namespace Seriatim.Training;

/// <summary>
/// Section 5.3 of Vaswani et al. (2017): <c>factor E^-0.5 min(s^-0.5, s w^-1.5)</c> with s from 1 and the warm-up w.
/// </summary>
/// <param name="Factor">Factor of the whole; 1 in the paper.</param>
/// <param name="Width">The model's dimension E.</param>
/// <param name="WarmupSteps">Steps of the linear rise, at least 1.</param>
public sealed record NoamSchedule(double Factor, int Width, long WarmupSteps)
    : LearningRateSchedule(Factor / Math.Sqrt((double)Width * WarmupSteps), WarmupSteps)
{
    /// <inheritdoc/>
    public override double RateAt(long step)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        return AfterWarmup(step);
    }

    /// <inheritdoc/>
    protected override double AfterWarmup(long step) =>
        Factor / Math.Sqrt(Width) * Math.Min(1 / Math.Sqrt(step + 1), (step + 1) * Math.Pow(WarmupSteps, -1.5));
}
