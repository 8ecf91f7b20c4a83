namespace Seriatim.Tokenizers;

/// <summary>
/// Says whether what stands in a part of a text, <c>[start, end)</c>, is text even if it looks like a special token.
/// </summary>
internal delegate bool PlainPlaces(int start, int end);
