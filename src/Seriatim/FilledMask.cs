namespace Seriatim;

/// <summary>A token that may stand at a mask.</summary>
/// <param name="TokenId">The token.</param>
/// <param name="Text">Its text; empty for ids the tokenizer does not know.</param>
/// <param name="Probability">Its probability.</param>
public sealed record FilledMask(int TokenId, string Text, double Probability);
