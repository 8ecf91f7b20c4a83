namespace Seriatim.Models;

public sealed partial class Model
{
    /// <summary>
    /// The encoder's output: <c>[N, E]</c>. Where a target's length is read from a row before the source
    /// (<see cref="LengthSource.LeadingRow"/>) these rows come after the others, one a sequence: <c>[N + S, E]</c>.
    /// </summary>
    /// <param name="ops">The device, or a tape.</param>
    /// <param name="batch">Whole sequences (<see cref="RaggedBatchBuilder.AddEncoder"/>).</param>
    /// <exception cref="InvalidOperationException">The model has no encoder.</exception>
    /// <exception cref="TokenOutOfRangeException">An id is not in the vocabulary.</exception>
    /// <exception cref="ContextLengthException">A sequence is longer than the context.</exception>
    public Tensor Encode(IOps ops, RaggedBatch batch)
    {
        if (_encoder is null)
            throw new InvalidOperationException($"A {Spec.Family} model has no encoder.");
        if (_lengths?.Leading is null)
            return Run(_encoder, Spec.Encoder!, ops, batch, null, null);
        RaggedBatch all = LeadingRows.Before(batch);
        using Tensor rows = Run(_encoder, Spec.Encoder!, ops, all, null, null);
        return ops.GatherRows(rows, LeadingRows.Last(all));
    }

    /// <summary>
    /// Hidden rows of the last layer, after the final norm: <c>[N, E]</c>. Memories of the batch are written, not committed.
    /// </summary>
    /// <param name="ops">The device, or a tape.</param>
    /// <param name="batch">The rows.</param>
    /// <param name="encoded">Encoder-decoder: the encoder's output, if any segment refers to its rows.</param>
    /// <exception cref="TokenOutOfRangeException">An id is not in the vocabulary.</exception>
    /// <exception cref="ContextLengthException">A sequence is longer than the context.</exception>
    public Tensor Forward(IOps ops, RaggedBatch batch, Tensor? encoded = null) => Forward(ops, batch, encoded, null);

    /// <summary>Logits of all rows: <c>[N, E] → [N, V]</c> (classifiers: the classes).</summary>
    public Tensor Project(IOps ops, Tensor hidden) => Spec.Head.Pooling == HeadPooling.Mean
        ? Project(ops, hidden, Enumerable.Range(0, hidden.Rows).ToArray())
        : Project(ops, hidden, hidden.Groups);

    /// <summary>Logits of the rows wanted and no others: <c>[N, E] → [rows, V]</c>.</summary>
    /// <param name="ops">The device, or a tape.</param>
    /// <param name="hidden">The result of <see cref="Forward(IOps, RaggedBatch, Tensor?)"/>.</param>
    /// <param name="rows">As a rule <see cref="RaggedBatch.OutputRows"/>.</param>
    public Tensor Project(IOps ops, Tensor hidden, ReadOnlyMemory<int> rows)
    {
        using Tensor wanted = Spec.Head.Pooling == HeadPooling.Mean
            ? RowMeans.Of(ops, hidden, RunsOf(hidden, rows.Span))
            : ops.GatherRows(hidden, rows);
        return Project(ops, wanted, hidden.Groups?.Take(rows.Span));
    }

    /// <summary>Whether rows can ask for the logits of some ids alone.</summary>
    public bool SelectsOutputs => Spec.Head is { IsMissing: false, SoftCap: 0, Pooling: not HeadPooling.Mean };

    /// <summary>What the head's rows of some ids are taken from, for rows that need no others: vocabulary shortlists.</summary>
    /// <exception cref="NotSupportedException">The model has no head, or one that does more than a linear layer.</exception>
    public OutputTable NewOutputTable() => SelectsOutputs ? OwnHead.NewOutputTable()
        : throw new NotSupportedException(
            $"The head of this {Spec.Family} model caps its logits, reads means, or is not there; it has no logits of some ids "
                + "alone.");

    /// <summary>
    /// Logits of the rows wanted, each over the ids that are selected for it: <c>[N, E] → [rows, V]</c>, <c>-∞</c> for other ids,
    /// and for those selected the bits of <see cref="Project(IOps, Tensor, ReadOnlyMemory{int})"/>. Adapters of rows are left
    /// out.
    /// </summary>
    /// <param name="ops">The device.</param>
    /// <param name="hidden">The result of <see cref="Forward(IOps, RaggedBatch, Tensor?)"/>.</param>
    /// <param name="rows">Which rows.</param>
    /// <param name="selection">All ids that any of them needs (<see cref="NewOutputTable"/>).</param>
    /// <param name="runs">What each run of them needs.</param>
    public Tensor Project(IOps ops, Tensor hidden, ReadOnlyMemory<int> rows, OutputSelection selection,
        IReadOnlyList<SelectedRows> runs)
    {
        using Tensor wanted = ops.GatherRows(hidden, rows);
        return OwnHead.Project(ops, wanted, selection, runs);
    }

    /// <summary>Cross-entropy of the logits of all hidden rows against labels, without ever holding the logits.</summary>
    /// <param name="ops">The device, or a tape.</param>
    /// <param name="hidden">Rows, <c>[N, E]</c>.</param>
    /// <param name="labels">The right id (or class) of each row, or the ignored label, [N].</param>
    /// <param name="options">Smoothing, ignored label, reduction. The soft cap is the model's own.</param>
    /// <exception cref="NotSupportedException">An adapter of a row adds to the head.</exception>
    public Tensor Loss(IOps ops, Tensor hidden, ReadOnlyMemory<int> labels, CrossEntropyOptions options)
    {
        if (Spec.Head.Pooling == HeadPooling.Mean)
        {
            throw new NotSupportedException(
                "The head reads the mean of a sequence, so rows have no labels of their own; project the rows and take the loss "
                    + "of the logits.");
        }

        using ModelAdapters.Holding held = _adapters.Hold(hidden.Groups is not null);
        return OwnHead.Loss(ops, hidden, labels, options, hidden.Groups);
    }

    /// <summary>
    /// What the head makes of hidden rows before its last layer: the pooled rows of a classifier. <c>[N, E] → [N, E]</c>.
    /// </summary>
    public Tensor HeadFeatures(IOps ops, Tensor hidden)
    {
        using ModelAdapters.Holding held = _adapters.Hold(hidden.Groups is not null);
        return OwnHead.Transform(ops, hidden, hidden.Groups);
    }

    /// <summary>Logits of the lengths of targets, one row a source: <c>[S, classes]</c> (<see cref="LengthSpec"/>).</summary>
    /// <param name="ops">The device, or a tape.</param>
    /// <param name="source">What <see cref="Encode"/> was given.</param>
    /// <param name="encoded">What it gave.</param>
    /// <exception cref="InvalidOperationException">The model predicts no lengths.</exception>
    public Tensor LengthLogits(IOps ops, RaggedBatch source, Tensor encoded) => Lengths.Project(ops, source, encoded);

    /// <summary>Cross-entropy of the logits of lengths against the right classes.</summary>
    /// <param name="ops">The device, or a tape.</param>
    /// <param name="source">What <see cref="Encode"/> was given.</param>
    /// <param name="encoded">What it gave.</param>
    /// <param name="classes">The class of each source (<see cref="LengthSpec.ClassOf"/>).</param>
    /// <param name="reduction">Sum or mean.</param>
    /// <exception cref="InvalidOperationException">The model predicts no lengths.</exception>
    public Tensor LengthLoss(
        IOps ops, RaggedBatch source, Tensor encoded, ReadOnlyMemory<int> classes, LossReduction reduction) =>
        Lengths.Loss(ops, source, encoded, classes, reduction);

    private Head OwnHead => _head ?? throw new NotSupportedException(
        $"These are {Stage} of a {Spec.Family} model; its head is in the first stage.");

    private LengthPredictor Lengths => _lengths
        ?? throw new InvalidOperationException($"A {Spec.Family} model predicts no lengths: its targets come token by token.");

    private Tensor Run(Stack stack, StackSpec spec, IOps ops, RaggedBatch batch, Tensor? encoded, Action<int, Tensor>? trace)
    {
        Check(spec, batch);

        // Whatever a segment remembers, the stack reads it: from its memory, or again.
        return stack.Memory.IsTokens && batch.Segments.Any(segment => segment.Memory is not null)
            ? RunAgain(stack, spec, ops, batch, trace)
            : RunOnce(stack, ops, batch, encoded, trace);
    }

    /// <summary>Refuses a batch that does not fit, before anything is computed.</summary>
    private void Check(StackSpec spec, RaggedBatch batch)
    {
        batch.Check(spec.Vocabulary, spec.TokenTypes, Spec);
        int positions = spec.PositionCount;
        foreach (Segment segment in batch.Segments)
        {
            if (segment.Length > positions)
                throw ContextLengthException.OverContext(segment.Length, positions);
            segment.Pattern.Check(segment.Rows, spec, Spec.Family);
            if (segment.Padding > 0 && spec.Layers.FirstOrDefault(layer => layer.Mixer is not MixerSpec.Attention) is { } other)
            {
                throw new ArgumentException(
                    $"A segment has {segment.Padding} rows of padding, which a layer of this {Spec.Family} "
                        + $"model, a {other.Mixer.GetType().Name}, would see; only attention to all rows hides them.",
                    nameof(batch));
            }
            if ((segment.Visibility == Visibility.Full) != (spec.Visibility == Visibility.Full))
            {
                throw new ArgumentException(
                    $"A segment is {segment.Visibility}; this stack of the {Spec.Family} model is {spec.Visibility}. " +
                    "Use AddEncoder for encoders, Add or AddTree for decoders, AddTarget for those that see whole targets.",
                    nameof(batch));
            }
        }
    }

    private Tensor RunAgain(Stack stack, StackSpec spec, IOps ops, RaggedBatch batch, Action<int, Tensor>? trace)
    {
        ForwardPlan.RequireOnePool(batch, stack.Memory);
        Tensor hidden = new Rereading(batch).Run(ops, spec.OutputWidth, rows => RunOnce(stack, ops, rows, null, trace));
        if (!ModelAdapters.AreWanted(batch))
            return hidden;
        using ModelAdapters.Holding held = _adapters.Hold(areWanted: true);
        hidden.Groups = _adapters.GroupsOf(batch);
        return hidden;
    }

    private Tensor RunOnce(Stack stack, IOps ops, RaggedBatch batch, Tensor? encoded, Action<int, Tensor>? trace)
    {
        Tensor hidden = RunStack(stack, ops, batch, encoded, trace);
        if (Spec.Head.Pooling == HeadPooling.Mean)
            hidden.Starts = [.. batch.Segments.Select(segment => segment.FirstRow)];
        return hidden;
    }

    /// <summary>The rows of the sequences that rows are of.</summary>
    private static (int First, int Count)[] RunsOf(Tensor hidden, ReadOnlySpan<int> rows)
    {
        IReadOnlyList<int> starts = hidden.Starts ?? throw new InvalidOperationException(
            "The head reads the mean of a sequence, and nobody said where the sequences of these rows begin; take the rows of "
                + "Forward.");
        var runs = new (int, int)[rows.Length];
        for (int i = 0; i < runs.Length; i++)
        {
            int number = starts.Count - 1;
            while (starts[number] > rows[i])
                number--;
            int end = number + 1 < starts.Count ? starts[number + 1] : hidden.Rows;
            runs[i] = (starts[number], end - starts[number]);
        }

        return runs;
    }

    private Tensor RunStack(Stack stack, IOps ops, RaggedBatch batch, Tensor? encoded, Action<int, Tensor>? trace)
    {
        if (!ModelAdapters.AreWanted(batch))
            return stack.Forward(ops, batch, new ForwardInputs(encoded, trace));
        using ModelAdapters.Holding held = _adapters.Hold(areWanted: true);
        RowGroups? groups = _adapters.GroupsOf(batch);
        RowGroups? ofEncoder = encoded is null ? null : _adapters.GroupsOfEncoder(batch, encoded.Rows);
        Tensor hidden = stack.Forward(ops, batch, new ForwardInputs(encoded, trace, groups, ofEncoder));
        hidden.Groups = groups;
        return hidden;
    }

    private Tensor Project(IOps ops, Tensor hidden, RowGroups? groups)
    {
        using ModelAdapters.Holding held = _adapters.Hold(groups is not null);
        return OwnHead.Project(ops, hidden, groups);
    }
}
