namespace Seriatim.Training;

/// <summary>What an objective makes of examples: the rows of the model and the id each of them shall predict.</summary>
/// <param name="Rows">The rows of the decoder, or of the encoder of a model that has no decoder.</param>
/// <param name="Source">The rows of the encoder of an encoder-decoder; null otherwise.</param>
/// <param name="LabelRows">The rows of <paramref name="Rows"/> that predict something, ascending.</param>
/// <param name="Labels">What they shall predict, one for each.</param>
public sealed record TrainingBatch(RaggedBatch Rows, RaggedBatch? Source, int[] LabelRows, int[] Labels)
{
    /// <summary>What the lengths of the targets shall be; null: the model does not predict them.</summary>
    public LengthLabels? Lengths { get; init; }

    /// <summary>Rows in all, the encoder's included: the tokens that "tokens per second" counts.</summary>
    public int TotalRows => Rows.Rows + (Source?.Rows ?? 0);
}
