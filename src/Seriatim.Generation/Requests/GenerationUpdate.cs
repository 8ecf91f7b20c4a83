namespace Seriatim.Generation;

/// <summary>One new token of a request, as it streams out.</summary>
public readonly record struct GenerationUpdate
{
    /// <summary>Which of the request's choices it belongs to, from 0.</summary>
    public required int Choice { get; init; }

    /// <summary>The token; null where a choice ends without one (timeout).</summary>
    public int? TokenId { get; init; }

    /// <summary>
    /// Text that became certain with this token, perhaps none: characters that are not complete and what may become a stop string
    /// are held back. Empty without a <see cref="GenerationRequest.Tokenizer"/>.
    /// </summary>
    public required string Text { get; init; }

    /// <summary>Its probability, if <see cref="GenerationRequest.Logprobs"/> was set.</summary>
    public TokenLogprobs? Logprobs { get; init; }

    /// <summary>
    /// Mask-Predict: the target after a pass, without a token of its own (<see cref="MaskPredictOptions.StreamsSteps"/>).
    /// Null: a token.
    /// </summary>
    public RefinementStep? Refinement { get; init; }

    /// <summary>Set on the last token of a choice.</summary>
    public FinishReason? Finish { get; init; }
}
