namespace Seriatim.Generation;

/// <summary>All there is to know of a finished request.</summary>
/// <param name="Choices">The continuations, by index.</param>
/// <param name="PromptLogprobs">
/// One for each prompt token but the first, if <see cref="GenerationRequest.PromptLogprobs"/> was set.
/// </param>
/// <param name="Usage">What was counted.</param>
/// <param name="Timings">What was measured.</param>
/// <param name="Seed">The seed of its random numbers, given or drawn: with it the same request gives the same again.</param>
public sealed record GenerationResult(
    IReadOnlyList<GenerationChoice> Choices, IReadOnlyList<TokenLogprobs>? PromptLogprobs, GenerationUsage Usage,
    GenerationTimings Timings, ulong Seed);
