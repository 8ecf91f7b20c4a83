namespace Seriatim.Generation;

/// <summary>All there is to know of a finished request.</summary>
public sealed record GenerationResult
{
    /// <summary>The continuations, by index.</summary>
    public required IReadOnlyList<GenerationChoice> Choices { get; init; }

    /// <summary>
    /// One for each prompt token but the first, if <see cref="GenerationRequest.PromptLogprobs"/> was set.
    /// </summary>
    public IReadOnlyList<TokenLogprobs>? PromptLogprobs { get; init; }

    /// <summary>What was counted.</summary>
    public required GenerationUsage Usage { get; init; }

    /// <summary>What was measured.</summary>
    public required GenerationTimings Timings { get; init; }

    /// <summary>The seed of its random numbers, given or drawn: with it the same request gives the same again.</summary>
    public required ulong Seed { get; init; }
}
