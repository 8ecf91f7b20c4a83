namespace Seriatim.Generation;

/// <summary>A token and its probability.</summary>
/// <param name="TokenId">The token.</param>
/// <param name="Logprob">
/// Natural logarithm of its probability under the model, before temperature, penalties and truncation.
/// </param>
public readonly record struct TokenLogprob(int TokenId, double Logprob);
