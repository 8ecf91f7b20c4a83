namespace Seriatim.Training;

/// <summary>The objectives a recipe can name.</summary>
public enum ObjectiveKind
{
    /// <summary><c>next_token</c>: <see cref="NextTokenObjective"/>.</summary>
    NextToken,

    /// <summary><c>sequence_to_sequence</c>: <see cref="SequenceToSequenceObjective"/>.</summary>
    SequenceToSequence,

    /// <summary><c>masked_tokens</c>: <see cref="MaskedTokenObjective"/>.</summary>
    MaskedTokens,

    /// <summary><c>span_corruption</c>: <see cref="SpanCorruptionObjective"/>.</summary>
    SpanCorruption,

    /// <summary><c>mask_predict</c>: <see cref="MaskPredictObjective"/>.</summary>
    MaskPredict,
}
