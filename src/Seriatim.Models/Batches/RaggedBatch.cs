namespace Seriatim.Models;

/// <summary>
/// Rows of tokens cut into segments, one for each sequence, without padding: the input of every forward pass, be it training, the
/// prefill of a prompt, decoding or verification. Made by <see cref="RaggedBatchBuilder"/>.
/// </summary>
public sealed class RaggedBatch
{
    internal RaggedBatch(int[] tokens, int[] positions, int[] tokenTypes, Segment[] segments, int[] outputRows) =>
        (Tokens, Positions, TokenTypes, Segments, OutputRows) = (tokens, positions, tokenTypes, segments, outputRows);

    private RaggedBatch(
        (ReadOnlyMemory<int> Tokens, ReadOnlyMemory<int> Positions, ReadOnlyMemory<int> Types) rows,
        IReadOnlyList<Segment> segments,
        ReadOnlyMemory<int> outputRows) =>
        (Tokens, Positions, TokenTypes, Segments, OutputRows) = (rows.Tokens, rows.Positions, rows.Types, segments, outputRows);

    /// <summary>Token id of each row, [N].</summary>
    public ReadOnlyMemory<int> Tokens { get; }

    /// <summary>Position of each row in its own sequence, from 0, [N].</summary>
    public ReadOnlyMemory<int> Positions { get; }

    /// <summary>Token type (sentence A or B) of each row for models that have them, [N].</summary>
    public ReadOnlyMemory<int> TokenTypes { get; }

    /// <summary>The sequences, in the order of their rows; every row belongs to exactly one.</summary>
    public IReadOnlyList<Segment> Segments { get; }

    /// <summary>The rows whose logits are wanted, ascending.</summary>
    public ReadOnlyMemory<int> OutputRows { get; }

    /// <summary>Dropout of this pass: training sets it; null: none.</summary>
    public BatchDropout? Dropout { get; init; }

    /// <summary>
    /// Takes the statistics of batch norms, which then norm the rows by them: training sets it; null: by the running ones.
    /// </summary>
    public BatchStatistics? Statistics { get; init; }

    /// <summary>Number of rows, N.</summary>
    public int Rows => Tokens.Length;

    /// <summary>The same rows with dropout.</summary>
    /// <param name="dropout">What to drop.</param>
    public RaggedBatch With(BatchDropout dropout) =>
        new((Tokens, Positions, TokenTypes), Segments, OutputRows) { Dropout = dropout, Statistics = Statistics };

    /// <summary>The same rows, normed by their own statistics where the model has batch norms.</summary>
    /// <param name="statistics">Takes them.</param>
    public RaggedBatch With(BatchStatistics statistics) =>
        new((Tokens, Positions, TokenTypes), Segments, OutputRows) { Dropout = Dropout, Statistics = statistics };

    /// <summary>The same rows with other ids.</summary>
    /// <param name="tokens">One id for each row.</param>
    /// <exception cref="ArgumentException">Their number is another.</exception>
    public RaggedBatch With(ReadOnlyMemory<int> tokens) => tokens.Length == Rows
        ? new RaggedBatch((tokens, Positions, TokenTypes), Segments, OutputRows)
        {
            Dropout = Dropout,
            Statistics = Statistics,
        }
        : throw new ArgumentException($"{tokens.Length} ids for {Rows} rows.", nameof(tokens));

    /// <summary>Some neighbouring rows as a batch of their own.</summary>
    /// <param name="first">The first row.</param>
    /// <param name="count">How many.</param>
    /// <param name="segments">Their segments, whose rows are counted from the first.</param>
    internal RaggedBatch Part(int first, int count, IReadOnlyList<Segment> segments) => new(
        (Tokens.Slice(first, count), Positions.Slice(first, count), TokenTypes.Slice(first, count)), segments,
        OutputRows.ToArray().Where(row => row >= first && row < first + count).Select(row => row - first).ToArray());

    /// <summary>
    /// Commits all rows of all segments to their memories: what follows a forward pass when nothing is taken back.
    /// </summary>
    public void Commit()
    {
        foreach (Segment segment in Segments)
            segment.Memory?.Commit(segment.Rows);
    }

    /// <summary>Checks every id and position against the model, before anything is computed.</summary>
    /// <param name="vocabulary">Number of token ids.</param>
    /// <param name="tokenTypes">Number of token types; 0 if the model has none.</param>
    /// <param name="spec">The model.</param>
    /// <exception cref="TokenOutOfRangeException">An id is not below its number.</exception>
    /// <exception cref="ContextLengthException">A sequence is longer than the context.</exception>
    /// <exception cref="SequenceTermsException">The model cannot keep to the terms of a sequence.</exception>
    internal void Check(int vocabulary, int tokenTypes, ModelSpec spec)
    {
        CheckIds("Token", Tokens.Span, vocabulary);
        CheckIds("Token type", TokenTypes.Span, Math.Max(1, tokenTypes));
        foreach (Segment segment in Segments)
        {
            int context = segment.Terms is { Rope: null, Window: null }
                ? spec.Context
                : TermsReader.Limits(spec, segment.Terms).Context;
            if (segment.Length > context)
                throw ContextLengthException.OverContext(segment.Length, context);
        }
    }

    private static void CheckIds(string kind, ReadOnlySpan<int> ids, int count)
    {
        for (int row = 0; row < ids.Length; row++)
        {
            if ((uint)ids[row] >= (uint)count)
                throw new TokenOutOfRangeException(kind, ids[row], row, count);
        }
    }
}
