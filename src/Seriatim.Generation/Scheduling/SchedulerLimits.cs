namespace Seriatim.Generation;

/// <summary>The numbers a scheduler keeps to.</summary>
/// <param name="TokenBudget">Most rows of a step (and, besides, of the encoder's part of it).</param>
/// <param name="PrefillChunk">Rows of a prompt before others get theirs.</param>
/// <param name="MaxSequences">Most sequences at a time.</param>
/// <param name="MaxOvertaking">Admissions before a request that waits for pages.</param>
/// <param name="MaxScoredRows">Most rows of a prompt in a step whose logits are all wanted.</param>
/// <param name="AgeingSteps">Steps after which a request that waits gains one rank of priority; 0: never.</param>
internal sealed record SchedulerLimits(
    int TokenBudget, int PrefillChunk, int MaxSequences, int MaxOvertaking, int MaxScoredRows, int AgeingSteps);
