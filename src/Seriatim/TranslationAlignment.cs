using Seriatim.Inspection;

namespace Seriatim;

/// <summary>Which tokens of a source each token of its translation was read from, by cross-attention.</summary>
public sealed record TranslationAlignment
{
    internal TranslationAlignment(
        IReadOnlyList<TextToken> source, IReadOnlyList<TextToken> target, IReadOnlyList<IReadOnlyList<float>> weights,
        int layer) =>
        (Source, Target, Weights, Layer) = (source, target, weights, layer);

    /// <summary>Tokens of the source, special ones too.</summary>
    public IReadOnlyList<TextToken> Source { get; }

    /// <summary>Tokens of the translation.</summary>
    public IReadOnlyList<TextToken> Target { get; }

    /// <summary>For each token of the translation a weight for each of the source; each row sums to 1.</summary>
    public IReadOnlyList<IReadOnlyList<float>> Weights { get; }

    /// <summary>The layer of the decoder whose heads were averaged.</summary>
    public int Layer { get; }
}
