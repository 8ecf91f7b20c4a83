using Seriatim.Inspection;

namespace Seriatim;

/// <summary>Which tokens of a source each token of its translation was read from, by cross-attention.</summary>
/// <param name="Source">Tokens of the source, special ones too.</param>
/// <param name="Target">Tokens of the translation.</param>
/// <param name="Weights">For each token of the translation a weight for each of the source; each row sums to 1.</param>
/// <param name="Layer">The layer of the decoder whose heads were averaged.</param>
public sealed record TranslationAlignment(
    IReadOnlyList<TextToken> Source, IReadOnlyList<TextToken> Target, IReadOnlyList<IReadOnlyList<float>> Weights, int Layer);
