namespace Seriatim.Generation;

/// <summary>One finished continuation.</summary>
/// <param name="Index">
/// Its number: the order of sampling, or the rank of a beam or of <see cref="GenerationRequest.BestOf"/>.
/// </param>
/// <param name="TokenIds">New tokens, with the end or stop id if there was one, without the prompt.</param>
/// <param name="Text">Their text; empty without a <see cref="GenerationRequest.Tokenizer"/>.</param>
/// <param name="Finish">Why it ended.</param>
/// <param name="Score">Beam search: sum of scores / length^length_penalty. BestOf: mean log-probability. Else null.</param>
/// <param name="Logprobs">One for each token, if <see cref="GenerationRequest.Logprobs"/> was set.</param>
public sealed record GenerationChoice(
    int Index, IReadOnlyList<int> TokenIds, string Text, FinishReason Finish, double? Score,
    IReadOnlyList<TokenLogprobs>? Logprobs);
