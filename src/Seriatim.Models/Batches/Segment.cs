namespace Seriatim.Models;

/// <summary>
/// One sequence's part of a <see cref="RaggedBatch"/>: consecutive rows, and how much of the sequence is in memory already.
/// </summary>
public sealed record Segment
{
    /// <summary>First row of the batch.</summary>
    public required int FirstRow { get; init; }

    /// <summary>Number of rows.</summary>
    public required int Rows { get; init; }

    /// <summary>Positions of the sequence before these rows; all of them are in <see cref="Memory"/>.</summary>
    public required int Past { get; init; }

    /// <summary>Where what the layers remember is kept; null if nothing is (training, encoders).</summary>
    public SequenceMemory? Memory { get; init; }

    /// <summary>What the rows see of their own sequence.</summary>
    public required Visibility Visibility { get; init; }

    /// <summary>
    /// For <see cref="Visibility.Tree"/>: the row within the segment each row continues, -1 for the stored past.
    /// </summary>
    public int[]? Parents { get; init; }

    /// <summary>What holds for the whole sequence: that of <see cref="Memory"/>, if it has one.</summary>
    public SequenceTerms Terms { get; init; } = SequenceTerms.None;

    /// <summary>What sparse attention is told about the sequence.</summary>
    public SparsePattern Pattern { get; init; } = SparsePattern.None;

    /// <summary>Positions of the sequence after these rows; those of a tree count once for each depth.</summary>
    public required int Length { get; init; }

    /// <summary>
    /// Rows at the end that see the sequence and that no row of it sees: 0 everywhere but in comparisons with padded batches
    /// (<see cref="RaggedBatchBuilder.AddPadded"/>).
    /// </summary>
    public int Padding { get; init; }

    /// <summary>
    /// Decoder of an encoder-decoder: the encoder's rows whose keys and values are made in this pass; null if they are in
    /// <see cref="Memory"/> already.
    /// </summary>
    public EncoderRows? Encoder { get; init; }
}
