using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary>The sums of a model's requests, all of one moment.</summary>
internal readonly record struct ModelCounts
{
    /// <summary>Tokens of prompts that were gone on with.</summary>
    public long PromptTokens { get; init; }

    public long CachedTokens { get; init; }

    /// <summary>Tokens that were read by requests that generate nothing: embeddings, scores, masks.</summary>
    public long ReadTokens { get; init; }

    public long NewTokens { get; init; }

    public long Preemptions { get; init; }

    public long DraftTokens { get; init; }

    public long AcceptedTokens { get; init; }

    /// <summary>
    /// Rows beyond those that a request needs: its prompt, its tokens and drafts that were not accepted. Of requests with one
    /// answer, where that can be told.
    /// </summary>
    public long RecomputedTokens { get; init; }

    public double PromptSeconds { get; init; }

    public double DecodeSeconds { get; init; }

    /// <summary>With a request's own.</summary>
    public ModelCounts With(GenerationUsage usage) => this with
    {
        PromptTokens = PromptTokens + usage.PromptTokens,
        CachedTokens = CachedTokens + usage.CachedTokens,
        NewTokens = NewTokens + usage.NewTokens,
        Preemptions = Preemptions + usage.Preemptions,
        DraftTokens = DraftTokens + usage.DraftTokens,
        AcceptedTokens = AcceptedTokens + usage.AcceptedTokens,
    };
}
