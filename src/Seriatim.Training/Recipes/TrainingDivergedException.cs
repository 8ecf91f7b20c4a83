namespace Seriatim.Training;

/// <summary>The loss or the gradient is not finite. Nothing of that step was applied or saved.</summary>
/// <param name="step">Number of the step, from 1.</param>
/// <param name="what">What is not finite, with its value.</param>
/// <param name="checkpoint">The newest whole checkpoint; null if there is none.</param>
public sealed class TrainingDivergedException(long step, string what, string? checkpoint) : SeriatimException(
    $"Step {step}: {what}. Training stopped; "
        + (checkpoint is null ? "there is no checkpoint yet. " : $"the last good checkpoint is {checkpoint}. ") +
    "Try a lower learning_rate, a longer warm-up, or a smaller max_grad_norm.")
{
    /// <summary>Number of the step, from 1.</summary>
    public long Step => step;

    /// <summary>The newest whole checkpoint; null if there is none.</summary>
    public string? Checkpoint => checkpoint;
}
