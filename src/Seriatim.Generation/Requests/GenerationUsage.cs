namespace Seriatim.Generation;

/// <summary>Counts of one request.</summary>
/// <param name="PromptTokens">Tokens of the prompt (and of the encoder's input).</param>
/// <param name="CachedTokens">
/// Of these, tokens whose keys and values came from the prefix cache when the request was first admitted.
/// </param>
/// <param name="NewTokens">Tokens of all choices.</param>
/// <param name="ForwardRows">
/// Rows that went through the model for this request, recomputation and rejected drafts included.
/// </param>
/// <param name="DraftTokens">Tokens that were drafted by speculation.</param>
/// <param name="AcceptedTokens">Of these, tokens that were accepted.</param>
/// <param name="Preemptions">How often its pages were taken away and computed again.</param>
public sealed record GenerationUsage(
    int PromptTokens, int CachedTokens, int NewTokens, long ForwardRows, long DraftTokens, long AcceptedTokens, int Preemptions);
