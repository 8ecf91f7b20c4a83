namespace Seriatim.Generation;

/// <summary>
/// Speculative decoding: tokens are drafted cheaply and verified in one pass. A drafted token is accepted exactly if plain
/// decoding would have chosen it, so the output is that of plain decoding, bit for bit, whatever the draft is.
/// </summary>
public sealed record SpeculationOptions
{
    /// <summary>Where drafts come from.</summary>
    public SpeculationKind Kind { get; init; } = SpeculationKind.PromptLookup;

    /// <summary>Most drafted tokens a step, 1 to 64. The engine uses fewer, or none, when that is faster.</summary>
    public int MaxTokens { get; init; } = 8;

    /// <summary>Prompt lookup: longest n-gram that is looked for.</summary>
    public int MaxNgram { get; init; } = 3;

    /// <summary>Prompt lookup: shortest n-gram that is looked for.</summary>
    public int MinNgram { get; init; } = 1;

    /// <summary>Prompt lookup: different continuations tried at once, as a tree; 1: a chain.</summary>
    public int Branches { get; init; } = 1;

    /// <summary>
    /// Draft as many tokens as will be accepted at best, whatever the time it takes; for tests and measurements.
    /// </summary>
    public bool Always { get; init; }
}
