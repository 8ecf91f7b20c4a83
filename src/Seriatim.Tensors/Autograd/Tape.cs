namespace Seriatim.Tensors;

/// <summary>
/// Reverse-mode differentiation as a decorator: calls the inner ops and records, for each result, how its gradient becomes
/// those of the operands. <see cref="Backward(Tensor, float)"/> walks the record from its end.
/// </summary>
/// <remarks>
/// A tape is used by one thread, for one forward pass and one backward pass. It retains what the backward pass reads, and nothing
/// else, and gives it back as soon as it was read; <see cref="Dispose"/> gives back the rest. Gradients are found by
/// the identity of their tensor, which outlives its buffer. Where a tensor feeds several ops, the tape adds their
/// gradients up, in reverse order of the calls.
/// </remarks>
public sealed partial class Tape(IDifferentiableOps inner) : IOps, IDisposable
{
    private readonly IDifferentiableOps _inner = inner;
    private readonly List<Node> _nodes = [];
    private readonly Dictionary<Tensor, Tensor> _gradients = new(ReferenceEqualityComparer.Instance);

    private readonly HashSet<Tensor> _watched = new(ReferenceEqualityComparer.Instance);

    /// <summary>Something that was recorded: what it made, what it keeps, and how gradients go on.</summary>
    private abstract class Node
    {
        public required List<Tensor> Saved { get; init; }

        public IDisposable? Held { get; init; }

        /// <summary>Parameters whose gradients it adds to; empty if nobody wants to know.</summary>
        public Parameter[] Uses { get; init; } = [];

        public abstract ReadOnlySpan<Tensor> Results { get; }

        public abstract void Backward(Tape tape, ReadOnlySpan<Tensor?> dy);
    }

    private sealed class Node<TOp>(TOp op, Tensor[] results, int visible) : Node
        where TOp : struct, IOp<TOp>
    {
        public override ReadOnlySpan<Tensor> Results => results.AsSpan(0, visible);

        public override void Backward(Tape tape, ReadOnlySpan<Tensor?> dy) =>
            op.Backward(tape._inner, results, dy, new Gradients(tape));
    }

    private sealed class PartNode(Tensor result, Action<Tensor> backward) : Node
    {
        private readonly Tensor _result = result;

        public override ReadOnlySpan<Tensor> Results => new(in _result);

        public override void Backward(Tape tape, ReadOnlySpan<Tensor?> dy) => backward(dy[0]!);
    }

    /// <summary>
    /// Whether <see cref="Recompute"/> keeps the inputs of layers only (activation checkpointing; Chen et al., 2016). The bits of
    /// all gradients are the same either way.
    /// </summary>
    public bool RecomputesLayers { get; init; }

    /// <inheritdoc/>
    public Device Device => _inner.Device;

    /// <summary>Number of recorded ops.</summary>
    public int Count => _nodes.Count;

    /// <summary>Keeps the gradient of a tensor that is no op's result, for <see cref="GradientOf"/>.</summary>
    public void Watch(Tensor tensor)
    {
        if (_watched.Add(tensor))
            tensor.Retain();
    }

    /// <summary>
    /// The gradient of a watched tensor after <see cref="Backward(Tensor, float)"/>; null
    /// if nothing reached it. The tape owns it.
    /// </summary>
    public Tensor? GradientOf(Tensor tensor) => _gradients.GetValueOrDefault(tensor);

    /// <summary>
    /// Adds the gradients of <c>sum(scale · result)</c> to all trainable parameters that the recorded ops used, and forgets
    /// the record.
    /// </summary>
    /// <param name="result">A result of an op called through this tape, as a rule the loss <c>[1, 1]</c>.</param>
    /// <param name="scale">Gradient of the result itself: 1, or 1 / steps when several batches make one update.</param>
    /// <exception cref="InvalidOperationException">
    /// A gradient ends at a tensor that is neither an op's result on this tape nor watched.
    /// </exception>
    public void Backward(Tensor result, float scale = 1)
    {
        float[] values = new float[result.Length];
        Array.Fill(values, scale);
        Backward(result, Device.Upload(values, result.Rows, result.Columns));
    }

    /// <summary>As <see cref="Backward(Tensor, float)"/>, from any gradient of the result. Takes the gradient over.</summary>
    public void Backward(Tensor result, Tensor gradient)
    {
        ShapeMismatchException.Require(
            gradient.Rows == result.Rows && gradient.Columns == result.Columns, "Tape.Backward", "the gradient", $"{gradient}",
            $"{result}");
        Accumulate(result, gradient);
        while (_nodes.Count > 0)
        {
            Node node = _nodes[^1];
            _nodes.RemoveAt(_nodes.Count - 1);
            ReadOnlySpan<Tensor> results = node.Results;
            var dy = new Tensor?[results.Length];
            bool any = false;
            for (int i = 0; i < dy.Length; i++)
                any |= _gradients.Remove(results[i], out dy[i]);
            try
            {
                if (any)
                    node.Backward(this, dy);
            }
            finally
            {
                foreach (Tensor? used in dy)
                    used?.Dispose();
                Release(node);
            }

            Leave(node);
        }

        Reopen();
        RefuseLostGradients();
    }

    /// <summary>A gradient that nobody takes is a part of the model that does not learn, without a word.</summary>
    private void RefuseLostGradients()
    {
        Tensor? lost = null;
        foreach ((Tensor tensor, Tensor gradient) in _gradients.Where(pair => !_watched.Contains(pair.Key)).ToArray())
        {
            lost ??= tensor;
            _gradients.Remove(tensor);
            gradient.Dispose();
        }

        if (lost is not null)
        {
            throw new InvalidOperationException(
                $"A gradient ends at a tensor {lost} that no op of this tape made. " +
                "Call its op through the tape, or Watch it if it ends there on purpose.");
        }
    }

    /// <inheritdoc/>
    /// <remarks>
    /// With <see cref="RecomputesLayers"/> only the operands are kept, and the backward pass runs the part again on a tape of its
    /// own; otherwise it is recorded as any other ops.
    /// </remarks>
    public Tensor Recompute<TState>(Tensor x, Tensor? shared, TState state, Func<IOps, Tensor, TState, Tensor> part,
        Func<TState, IDisposable>? hold)
    {
        if (!RecomputesLayers || hold is null)
            return part(this, x, state);
        Tensor y = part(_inner, x, state);
        Tensor[] operands = shared is null ? [x] : [x, shared];
        var node = new PartNode(y, dy => RunAgain(operands, state, part, dy))
        {
            Saved = [.. operands.Select(operand => operand.Retain())],
            Held = hold(state),
        };
        _nodes.Add(node);
        _hasParts = true;
        return y;
    }

    private void RunAgain<TState>(Tensor[] operands, TState state, Func<IOps, Tensor, TState, Tensor> part, Tensor dy)
    {
        using var again = new Tape(_inner);
        using Tensor result = part(again, operands[0], state);
        // What other parts have added so far goes in and comes out, so that sums are added up in the same order.
        foreach (Tensor operand in operands)
        {
            again.Watch(operand);
            if (_gradients.Remove(operand, out Tensor? soFar))
                again._gradients.Add(operand, soFar);
        }

        again.Backward(result, dy.Retain());
        foreach (Tensor operand in operands)
        {
            if (again._gradients.Remove(operand, out Tensor? sum))
                _gradients.Add(operand, sum);
        }
    }

    void IOps.Run<TOp>(TOp op, Span<Tensor> results)
    {
        TOp call = op.Recorded();
        var all = new Tensor[call.Results];
        try
        {
            _inner.Run(call, all);
        }
        catch
        {
            call.Held?.Dispose();
            throw;
        }

        var saved = new List<Tensor>(4);
        call.Save(all, new SavedTensors(saved));
        _nodes.Add(new Node<TOp>(call, all, results.Length) { Saved = saved, Held = call.Held, Uses = UsesOf(call) });
        all.AsSpan(0, results.Length).CopyTo(results);
        foreach (Tensor extra in all.AsSpan(results.Length))
            extra.Dispose(); // saved, or of no use
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Node node in _nodes)
            Release(node);
        _nodes.Clear();
        foreach (Tensor gradient in _gradients.Values)
            gradient.Dispose();
        _gradients.Clear();
        foreach (Tensor tensor in _watched)
            tensor.Dispose();
        _watched.Clear();
        Reopen();
        ForgetOutputs();
    }

    internal void Accumulate(Tensor tensor, Tensor gradient)
    {
        if (!_gradients.TryGetValue(tensor, out Tensor? sum))
        {
            _gradients.Add(tensor, gradient);
            return;
        }

        // The sum may be shared with another operand (Add hands one gradient to both), so it is not changed in place.
        Tensor total = _inner.Add(sum, gradient);
        _gradients[tensor] = total;
        sum.Dispose();
        gradient.Dispose();
    }

    private void Release(Node node)
    {
        foreach (Tensor tensor in node.Saved)
            tensor.Dispose();
        if (node.Held is not { } held)
            return;
        if (Device.IsHere)
            held.Dispose();
        else
            Device.Enqueue(held.Dispose); // calls that were asked for read it
    }
}
