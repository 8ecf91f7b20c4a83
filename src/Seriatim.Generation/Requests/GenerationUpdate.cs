namespace Seriatim.Generation;

/// <summary>One new token of a request, as it streams out.</summary>
/// <param name="Choice">Which of the request's choices it belongs to, from 0.</param>
/// <param name="TokenId">The token; null where a choice ends without one (deadline).</param>
/// <param name="Text">
/// Text that became certain with this token, perhaps none: characters that are not complete and what may become a stop string are
/// held back. Empty without a <see cref="GenerationRequest.Tokenizer"/>.
/// </param>
/// <param name="Logprobs">Its probability, if <see cref="GenerationRequest.Logprobs"/> was set.</param>
/// <param name="Finish">Set on the last token of a choice.</param>
public readonly record struct GenerationUpdate(int Choice, int? TokenId, string Text, TokenLogprobs? Logprobs,
    FinishReason? Finish);
