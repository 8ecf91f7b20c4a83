namespace Seriatim.Training;

/// <summary>Rank 0 could not evaluate, and all ranks know.</summary>
/// <param name="message">What rank 0 said.</param>
/// <param name="cause">The failure itself, on rank 0.</param>
internal sealed class EvaluationException(string message, Exception? cause) : ProcessGroupException(message, cause);
