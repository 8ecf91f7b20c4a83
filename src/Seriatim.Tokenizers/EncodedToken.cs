namespace Seriatim.Tokenizers;

/// <summary>One token with its place in the text.</summary>
/// <param name="Id">Id in the vocabulary.</param>
/// <param name="Start">
/// First char of its span in the original text, in UTF-16 chars. Several tokens share a span when one character became several
/// byte tokens. Tokens that were added have an empty span at 0.
/// </param>
/// <param name="End">End of its span.</param>
/// <param name="TypeId">Segment number (BERT's token type).</param>
/// <param name="Sequence">0 for the first text, 1 for the second, -1 for a token that was added.</param>
public readonly record struct EncodedToken(int Id, int Start, int End, int TypeId, int Sequence);
