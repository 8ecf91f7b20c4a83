namespace Seriatim.Training;

/// <summary>How a run ended.</summary>
/// <param name="Steps">Steps done in all, those before a resume included.</param>
/// <param name="Cancelled">Whether it was stopped before its last step.</param>
/// <param name="Checkpoint">The checkpoint it saved last.</param>
/// <param name="Validation">Scores on the validation data at the end; null if there are none or the run was cancelled.</param>
public sealed record TrainerResult(long Steps, bool Cancelled, string Checkpoint, TokenScores? Validation)
{
    /// <summary>The best checkpoint; null if none was looked for.</summary>
    public BestModel? Best { get; init; }

    /// <summary>
    /// Whether it ended before the last step because evaluations brought no new best (<c>early_stopping_patience</c>).
    /// </summary>
    public bool StoppedEarly { get; init; }
}
