namespace Seriatim.Generation;

/// <summary>One finished continuation.</summary>
public sealed record GenerationChoice
{
    /// <summary>
    /// Its number: the order of sampling, or the rank of a beam or of <see cref="GenerationRequest.BestOf"/>.
    /// </summary>
    public required int Index { get; init; }

    /// <summary>
    /// New tokens, with the end or stop id if there was one, without the prompt. Of a strategy that reads its sequences as a
    /// whole (<see cref="Strategy.Remembers"/>): all tokens, since it may have changed any.
    /// </summary>
    public required IReadOnlyList<int> TokenIds { get; init; }

    /// <summary>Their text; empty without a <see cref="GenerationRequest.Tokenizer"/>.</summary>
    public required string Text { get; init; }

    /// <summary>Why it ended.</summary>
    public required FinishReason Finish { get; init; }

    /// <summary>Beam search: sum of scores / length^length_penalty. BestOf: mean log-probability. Else null.</summary>
    public double? Score { get; init; }

    /// <summary>One for each token, if <see cref="GenerationRequest.Logprobs"/> was set.</summary>
    public IReadOnlyList<TokenLogprobs>? Logprobs { get; init; }
}
