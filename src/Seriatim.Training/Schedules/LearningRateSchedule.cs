namespace Seriatim.Training;

/// <summary>
/// The learning rate of each step: a linear rise from 0 over the warm-up, then what the schedule says. Step 0 is the first step.
/// </summary>
/// <param name="Peak">The highest rate, reached at the end of the warm-up.</param>
/// <param name="WarmupSteps">Steps of the rise; 0: none.</param>
public abstract record LearningRateSchedule(double Peak, long WarmupSteps)
{
    /// <summary>The rate of a step.</summary>
    /// <param name="step">Number of the step, from 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">The step is negative.</exception>
    public virtual double RateAt(long step)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        return step < WarmupSteps ? Peak * step / WarmupSteps : AfterWarmup(step);
    }

    /// <summary>The rate of a step after the warm-up.</summary>
    /// <param name="step">Number of the step, at least <see cref="WarmupSteps"/>.</param>
    protected abstract double AfterWarmup(long step);

    /// <summary>How far a step is from the end of the warm-up (0) to the last step (1).</summary>
    /// <param name="step">Number of the step.</param>
    /// <param name="totalSteps">Number of all steps.</param>
    protected double Progress(long step, long totalSteps) =>
        Math.Clamp((double)(step - WarmupSteps) / Math.Max(1, totalSteps - WarmupSteps), 0, 1);
}
