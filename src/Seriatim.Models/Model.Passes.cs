namespace Seriatim.Models;

public sealed partial class Model
{
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

    private LengthPredictor Lengths => _lengths
        ?? throw new InvalidOperationException($"A {Spec.Family} model predicts no lengths: its targets come token by token.");

    private Tensor Run(Stack stack, StackSpec spec, IOps ops, RaggedBatch batch, Tensor? encoded, Action<int, Tensor>? trace)
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

        // Whatever a segment remembers, the stack reads it: from its memory, or again.
        return stack.Memory.IsTokens && batch.Segments.Any(segment => segment.Memory is not null)
            ? RunAgain(stack, spec, ops, batch, trace)
            : RunOnce(stack, ops, batch, encoded, trace);
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
        return _head.Project(ops, hidden, groups);
    }
}
