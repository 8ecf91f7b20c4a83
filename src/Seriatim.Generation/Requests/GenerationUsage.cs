namespace Seriatim.Generation;

/// <summary>Counts of one request.</summary>
public sealed record GenerationUsage
{
    /// <summary>Tokens of the prompt (and of the encoder's input).</summary>
    public required int PromptTokens { get; init; }

    /// <summary>Of these, tokens whose keys and values came from the prefix cache when the request was first admitted.</summary>
    public int CachedTokens { get; init; }

    /// <summary>Tokens of all choices.</summary>
    public required int NewTokens { get; init; }

    /// <summary>Rows that went through the model for this request, recomputation and rejected drafts included.</summary>
    public required long ForwardRows { get; init; }

    /// <summary>Tokens that were drafted by speculation.</summary>
    public long DraftTokens { get; init; }

    /// <summary>Of these, tokens that were accepted.</summary>
    public long AcceptedTokens { get; init; }

    /// <summary>How often its pages were taken away and computed again.</summary>
    public int Preemptions { get; init; }
}
