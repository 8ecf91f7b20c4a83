namespace Seriatim.Generation;

/// <summary>
/// Mask-Predict (Ghazvininejad et al., 2019): a target of masks is filled in at once; then, pass by pass, the tokens that are
/// least
/// certain are masked and predicted again from all others.
/// </summary>
public sealed record MaskPredictOptions
{
    /// <summary>Passes of the decoder, T; null: as many as the longest candidate has tokens to predict.</summary>
    public int? Iterations { get; init; } = 10;

    /// <summary>Lengths that are tried, each with a target of its own; the best one wins by its mean log-probability.</summary>
    public int LengthCandidates { get; init; } = 1;

    /// <summary>
    /// Whether the stream has an update after every pass (<see cref="GenerationUpdate.Refinement"/>), before the tokens at the
    /// end.
    /// </summary>
    public bool StreamsSteps { get; init; }
}
