namespace Seriatim.Models;

/// <summary>
/// Collects segments into a <see cref="RaggedBatch"/>. Adding a segment prepares its memory for the new rows; after the forward
/// pass commit them (<see cref="RaggedBatch.Commit"/>, or memory by memory where some rows are rejected).
/// </summary>
public sealed class RaggedBatchBuilder
{
    private readonly List<int> _tokens = [];
    private readonly List<int> _positions = [];
    private readonly List<int> _types = [];
    private readonly List<Segment> _segments = [];
    private readonly List<int> _outputs = [];

    /// <summary>Rows added so far.</summary>
    public int Rows => _tokens.Count;

    /// <summary>
    /// Adds tokens that continue a sequence; each sees its own past. Serves whole sequences in training, prompts, chunks of
    /// prompts and single steps alike.
    /// </summary>
    /// <param name="tokens">At least one id.</param>
    /// <param name="memory">What the sequence remembers; null if the tokens are the whole sequence and nothing is kept.</param>
    /// <param name="terms">
    /// Without a memory: what holds for the sequence; null: nothing in particular. A memory has its own.
    /// </param>
    /// <param name="outputs">Which rows' logits are wanted.</param>
    /// <param name="encoder">Decoder of an encoder-decoder, first step or training: the encoder's rows.</param>
    /// <param name="points">
    /// After which rows the memory may be committed or shared: drafts of which a part may be rejected need every row.
    /// </param>
    /// <exception cref="OutOfPagesException">The memory's pool has too few pages; the builder is unchanged.</exception>
    /// <exception cref="ContextLengthException">The sequence would be longer than declared.</exception>
    public RaggedBatchBuilder Add(
        ReadOnlySpan<int> tokens, SequenceMemory? memory = null, SequenceTerms? terms = null, Outputs outputs = Outputs.Last,
        EncoderRows? encoder = null, CommitPoints points = CommitPoints.End) =>
        Add(tokens, Visibility.Causal, null, default, memory, terms, outputs, encoder, points);

    /// <summary>Adds candidates that branch: each row sees the past, its ancestors and itself. All rows are outputs.</summary>
    /// <param name="tokens">At least one id.</param>
    /// <param name="parents">For each row the earlier row of the segment it continues, or -1 if it continues the past.</param>
    /// <param name="memory">What the sequence remembers; commit with <see cref="SequenceMemory.CommitPath"/>.</param>
    /// <param name="points">Where else it may be shared; any path can be committed.</param>
    /// <exception cref="ArgumentException">A parent is not an earlier row, or there is not one for each row.</exception>
    public RaggedBatchBuilder AddTree(
        ReadOnlySpan<int> tokens, ReadOnlySpan<int> parents, SequenceMemory memory, CommitPoints points = CommitPoints.End)
    {
        if (parents.Length != tokens.Length)
            throw new ArgumentException($"{parents.Length} parents for {tokens.Length} tokens.", nameof(parents));
        for (int row = 0; row < parents.Length; row++)
        {
            if (parents[row] < -1 || parents[row] >= row)
                throw new ArgumentException(
                    $"Row {row} continues row {parents[row]}; an earlier row, or -1, is needed.", nameof(parents));
        }

        return Add(tokens, Visibility.Tree, parents.ToArray(), default, memory, null, Outputs.All, null,
            points | CommitPoints.EveryRow);
    }

    /// <summary>Adds a whole sequence whose rows all see each other: the input of an encoder.</summary>
    /// <param name="tokens">At least one id.</param>
    /// <param name="tokenTypes">Token type of each row; empty: all 0.</param>
    /// <param name="outputs">Which rows' logits are wanted.</param>
    /// <param name="adapter">The adapter that holds for the rows; null: none.</param>
    /// <param name="pattern">Global tokens and blocks of models with sparse attention; null: none, and drawn ones.</param>
    /// <exception cref="ArgumentException">
    /// There is not one type for each token, or a global token is not one of them.
    /// </exception>
    public RaggedBatchBuilder AddEncoder(
        ReadOnlySpan<int> tokens, ReadOnlySpan<int> tokenTypes = default, Outputs outputs = Outputs.All,
        string? adapter = null, SparsePattern? pattern = null) =>
        Add(tokens, Visibility.Full, null, tokenTypes, null, adapter is null ? null : new SequenceTerms { Adapter = adapter },
            outputs, null, CommitPoints.End, pattern?.For(tokens.Length));

    /// <summary>Adds a whole target whose rows all see each other and the encoder's rows; nothing of it is remembered.</summary>
    /// <param name="tokens">At least one id.</param>
    /// <param name="encoder">The encoder's rows.</param>
    /// <param name="outputs">Which rows' logits are wanted.</param>
    /// <param name="adapter">The adapter that holds for the rows; null: none.</param>
    public RaggedBatchBuilder AddTarget(
        ReadOnlySpan<int> tokens, EncoderRows encoder, Outputs outputs = Outputs.All, string? adapter = null) =>
        Add(tokens, Visibility.Full, null, default, null, adapter is null ? null : new SequenceTerms { Adapter = adapter },
            outputs, encoder, CommitPoints.End);

    /// <summary>
    /// Adds a whole sequence for an encoder and rows of padding after it, as batches of one length have them: they see the
    /// sequence, and no row of it sees them. Nothing of Seriatim needs padding; this is for comparisons with what does, since the
    /// statistics of a batch norm count such rows. The rows of the sequence alone are outputs.
    /// </summary>
    /// <param name="tokens">At least one id.</param>
    /// <param name="padding">Rows of padding, 0 or more.</param>
    /// <param name="padId">Their id.</param>
    public RaggedBatchBuilder AddPadded(ReadOnlySpan<int> tokens, int padding, int padId = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(padding);
        if (tokens.IsEmpty)
            throw new ArgumentException("A segment needs at least one token.", nameof(tokens));
        int[] all = [.. tokens, .. Enumerable.Repeat(padId, padding)];
        Add(all, Visibility.Full, null, default, null, null, Outputs.All, null, CommitPoints.End);
        _outputs.RemoveRange(_outputs.Count - padding, padding);
        _segments[^1] = _segments[^1] with { Padding = padding };
        return this;
    }

    /// <summary>Makes the batch of what was added. The builder may be used again after <see cref="Clear"/>.</summary>
    /// <exception cref="InvalidOperationException">Nothing was added.</exception>
    public RaggedBatch Build()
    {
        if (_tokens.Count == 0)
            throw new InvalidOperationException("The batch has no rows; add at least one segment.");
        return new RaggedBatch([.. _tokens], [.. _positions], [.. _types], [.. _segments], [.. _outputs]);
    }

    /// <summary>Forgets what was added.</summary>
    public void Clear()
    {
        _tokens.Clear();
        _positions.Clear();
        _types.Clear();
        _segments.Clear();
        _outputs.Clear();
    }

    private RaggedBatchBuilder Add(
        ReadOnlySpan<int> tokens, Visibility visibility, int[]? parents, ReadOnlySpan<int> types, SequenceMemory? memory,
        SequenceTerms? terms, Outputs outputs, EncoderRows? encoder, CommitPoints points, SparsePattern? pattern = null)
    {
        if (tokens.IsEmpty)
            throw new ArgumentException("A segment needs at least one token.", nameof(tokens));
        if (types.Length != 0 && types.Length != tokens.Length)
            throw new ArgumentException($"{types.Length} token types for {tokens.Length} tokens.", nameof(types));
        if (terms is not null && memory is not null)
            throw new ArgumentException("The memory has terms of its own; give it other ones when it is made.", nameof(terms));
        if (memory is { NeedsEncoder: true } && encoder is null)
            throw new ArgumentException(
                "Nothing of the encoder is remembered yet; the first step needs the encoder's rows.", nameof(encoder));

        int past = memory?.Length ?? 0;
        int[] positions = new int[tokens.Length];
        for (int row = 0; row < positions.Length; row++)
            positions[row] = parents is null ? past + row : parents[row] < 0 ? past : positions[parents[row]] + 1;
        int length = positions.Max() + 1;
        terms ??= memory?.Terms ?? SequenceTerms.None;
        if (terms.DeclaredLength is { } declared && declared < length)
            throw ContextLengthException.OverDeclared(length, declared);

        if (memory is not null && _segments.Exists(segment => ReferenceEquals(segment.Memory, memory)))
        {
            throw new ArgumentException(
                $"The memory, {memory.Length} long, is in this batch already; a sequence has one segment a batch, " +
                "since each begins where its memory ends.",
                nameof(memory));
        }

        memory?.Prepare(new MemoryStep(tokens.Length, encoder?.Rows ?? 0, points));
        _segments.Add(new Segment
        {
            FirstRow = _tokens.Count,
            Rows = tokens.Length,
            Past = past,
            Memory = memory,
            Visibility = visibility,
            Parents = parents,
            Terms = terms,
            Length = length,
            Encoder = encoder,
            Pattern = pattern ?? SparsePattern.None,
        });
        AddRows(tokens, positions, types, outputs);
        return this;
    }

    private void AddRows(ReadOnlySpan<int> tokens, int[] positions, ReadOnlySpan<int> types, Outputs outputs)
    {
        int first = _tokens.Count;
        _tokens.AddRange(tokens);
        _positions.AddRange(positions);
        if (types.Length != 0)
            _types.AddRange(types);
        else
            _types.AddRange(Enumerable.Repeat(0, tokens.Length));
        if (outputs == Outputs.First)
            _outputs.Add(first);
        if (outputs == Outputs.Last)
            _outputs.Add(first + tokens.Length - 1);
        if (outputs == Outputs.All)
            _outputs.AddRange(Enumerable.Range(first, tokens.Length));
    }
}
