using Seriatim.Generation;
using Seriatim.Tokenizers;

namespace Seriatim;

/// <summary>How texts are translated.</summary>
public sealed record TranslationOptions
{
    /// <summary>
    /// Language of the texts, as the model's config calls it, e.g. <c>zh</c>; null: what the
    /// others leave, or the script of each text.
    /// </summary>
    public string? From { get; init; }

    /// <summary>
    /// Language wanted, as the model's config calls it, e.g. <c>en</c>; null: what the others leave, or the script of each text.
    /// </summary>
    public string? To { get; init; }

    /// <summary>
    /// Put before every text instead of the prefix of a direction; null: that of the direction, if the model has any.
    /// </summary>
    public string? Prefix { get; init; }

    /// <summary>
    /// Beams; 1: the most probable token each time. Null: as many as the model's <c>generation_config.json</c> says, else 4.
    /// </summary>
    public int? Beams { get; init; }

    /// <summary>
    /// A translation has the score sum / length^penalty: above 1 favours longer ones. Only with beams. Null: as the model's
    /// <c>generation_config.json</c> says, else 1.
    /// </summary>
    public double? LengthPenalty { get; init; }

    /// <summary>
    /// Models that fill in whole translations (Mask-Predict): passes of the decoder. Null: 10.
    /// </summary>
    public int? Iterations { get; init; }

    /// <summary>
    /// Models that fill in whole translations: lengths that are tried, of which the most probable translation wins. Null: 3.
    /// </summary>
    public int? LengthCandidates { get; init; }

    /// <summary>
    /// Models that fill in whole translations: told of every pass over a text, before its translation is there. Null: nobody is.
    /// </summary>
    public IProgress<RefinementStep>? Steps { get; init; }

    /// <summary>
    /// A vocabulary shortlist: tokens of a translation are chosen from those that the map gives for its source, which is faster
    /// and may change translations. Only for models that write token by token. Null: from all.
    /// </summary>
    public VocabularyMap? VocabularyMap { get; init; }

    /// <summary>Most new tokens of a text; null: twice its own tokens and 50, within the model's context.</summary>
    public int? MaxNewTokens { get; init; }
}
