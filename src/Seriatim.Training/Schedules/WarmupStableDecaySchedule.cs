namespace Seriatim.Training;

/// <summary>Warm-up, a long plateau, and a short fall (Hu et al., 2024; Hägele et al., 2024).</summary>
/// <param name="Peak">The highest rate.</param>
/// <param name="WarmupSteps">Steps of the linear rise.</param>
/// <param name="StableSteps">Steps at the peak.</param>
/// <param name="DecaySteps">Steps of the fall.</param>
/// <param name="Minimum">The rate after the fall.</param>
/// <param name="Shape">The curve of the fall.</param>
public sealed record WarmupStableDecaySchedule(double Peak, long WarmupSteps, long StableSteps, long DecaySteps,
    double Minimum = 0, DecayShape Shape = DecayShape.Cosine) : LearningRateSchedule(Peak, WarmupSteps)
{
    /// <inheritdoc/>
    protected override double AfterWarmup(long step)
    {
        long into = step - WarmupSteps - StableSteps;
        if (into <= 0)
            return Peak;
        double progress = Math.Min(1, (double)into / Math.Max(1, DecaySteps));
        double share = Shape switch
        {
            DecayShape.Linear => 1 - progress,
            DecayShape.Sqrt => 1 - Math.Sqrt(progress),
            _ => 0.5 * (1 + Math.Cos(Math.PI * progress)),
        };
        return Minimum + (Peak - Minimum) * share;
    }
}
