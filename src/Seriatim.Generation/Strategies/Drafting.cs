namespace Seriatim.Generation;

/// <summary>What is needed to draft for the sequences of a request.</summary>
/// <param name="Request">The request; its speculation or its grammar is set.</param>
/// <param name="Seed">Its seed.</param>
/// <param name="MaxNewTokens">Its limit.</param>
internal sealed record Drafting(GenerationRequest Request, ulong Seed, int MaxNewTokens)
{
    /// <summary>Speculation, if it was asked for; else only what a grammar leaves no choice about is drafted.</summary>
    public SpeculationOptions? Options => Request.Speculation;

    /// <summary>Terms of the draft model's memories; null: not worked out.</summary>
    public SequenceTerms? DraftTerms { get; set; }

    public SequenceLimits DraftLimits { get; set; }
}
