namespace Seriatim.Tensors;

/// <summary>
/// Reverse-mode differentiation as a decorator: calls the inner ops and records, for each result, how its gradient becomes
/// those of the operands. <see cref="Backward(Tensor, float)"/> walks the record from its end.
/// </summary>
/// <remarks>
/// A tape is used by one thread, for one forward pass and one backward pass. It retains what the backward pass reads, and nothing
/// else, and gives it back as soon as it was read; <see cref="Dispose"/> gives back the rest. Gradients are found by the identity of
/// their tensor, which outlives its buffer. Where a tensor feeds several ops, the tape adds their gradients up, in reverse order of the calls.
/// </remarks>
public sealed class Tape(IDifferentiableOps inner) : IOps, IDisposable
{
    private readonly List<Node> _nodes = [];
    private readonly Dictionary<Tensor, Tensor> _gradients = new(ReferenceEqualityComparer.Instance);

    private readonly HashSet<Tensor> _watched = new(ReferenceEqualityComparer.Instance);

    private sealed record Node(Tensor Result, Tensor[] Saved, Action<Tensor> Backward, IDisposable? Held = null);

    /// <summary>
    /// Whether <see cref="Recompute"/> keeps the inputs of layers only (activation checkpointing; Chen et al., 2016). The bits of
    /// all gradients are the same either way.
    /// </summary>
    public bool RecomputesLayers { get; init; }

    /// <summary>Number of recorded ops.</summary>
    public int Count => _nodes.Count;

    /// <summary>Keeps the gradient of a tensor that is no op's result, for <see cref="GradientOf"/>.</summary>
    public void Watch(Tensor tensor)
    {
        if (_watched.Add(tensor))
            tensor.Retain();
    }

    /// <summary>The gradient of a watched tensor after <see cref="Backward(Tensor, float)"/>; null if nothing reached it. The tape owns it.</summary>
    public Tensor? GradientOf(Tensor tensor) => _gradients.GetValueOrDefault(tensor);

    /// <summary>
    /// Adds the gradients of <c>sum(scale · result)</c> to all trainable parameters that the recorded ops used, and forgets
    /// the record.
    /// </summary>
    /// <param name="result">A result of an op called through this tape, as a rule the loss <c>[1, 1]</c>.</param>
    /// <param name="scale">Gradient of the result itself: 1, or 1 / steps when several batches make one update.</param>
    /// <exception cref="InvalidOperationException">A gradient ends at a tensor that is neither an op's result on this tape nor watched.</exception>
    public void Backward(Tensor result, float scale = 1)
    {
        Tensor seed = Tensor.Create(result.Rows, result.Columns);
        seed.Span.Fill(scale);
        Backward(result, seed);
    }

    /// <summary>As <see cref="Backward(Tensor, float)"/>, from any gradient of the result. Takes the gradient over.</summary>
    public void Backward(Tensor result, Tensor gradient)
    {
        ShapeMismatchException.Require(
            gradient.Rows == result.Rows && gradient.Columns == result.Columns, "Tape.Backward", "the gradient", $"{gradient}", $"{result}");
        Accumulate(result, gradient);
        while (_nodes.Count > 0)
        {
            Node node = _nodes[^1];
            _nodes.RemoveAt(_nodes.Count - 1);
            if (_gradients.Remove(node.Result, out Tensor? dy))
            {
                using (dy)
                    node.Backward(dy);
            }

            Release(node);
        }

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

    /// <summary>
    /// Runs a part of a model. With <see cref="RecomputesLayers"/> only its operands are kept, and the backward pass runs it again
    /// on a tape of its own; otherwise it is recorded as any other ops.
    /// </summary>
    /// <param name="x">The operand that only this part reads.</param>
    /// <param name="shared">An operand that other parts read too (the encoder's output); null for none.</param>
    /// <param name="state">What the part needs besides; it must give the same bits each time.</param>
    /// <param name="part">The part: the ops, x and the state give its result.</param>
    /// <param name="hold">Keeps the state alive until the result is disposed: called once if the part will run again.</param>
    public Tensor Recompute<TState>(Tensor x, Tensor? shared, TState state, Func<IOps, Tensor, TState, Tensor> part, Func<TState, IDisposable> hold)
    {
        if (!RecomputesLayers)
            return part(this, x, state);
        Tensor y = part(inner, x, state);
        Tensor[] operands = shared is null ? [x] : [x, shared];
        Record(y, operands, dy =>
        {
            using var again = new Tape(inner);
            using Tensor result = part(again, x, state);
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
        });
        _nodes[^1] = _nodes[^1] with { Held = hold(state) };
        return y;
    }

    /// <inheritdoc/>
    public Tensor Embed(EmbeddingWeight table, ReadOnlyMemory<int> ids) =>
        Record(inner.Embed(table, ids), [], dy => inner.EmbedBackward(table, ids, dy));

    /// <inheritdoc/>
    public Tensor Linear(Tensor x, LinearWeight weight) =>
        Record(inner.Linear(x, weight), [x], dy => Accumulate(x, inner.LinearBackward(x, weight, dy)));

    /// <inheritdoc/>
    public void LinearMany(Tensor x, ReadOnlySpan<LinearWeight> weights, Span<Tensor> results)
    {
        inner.LinearMany(x, weights, results);
        for (int i = 0; i < weights.Length; i++)
        {
            LinearWeight weight = weights[i];
            Record(results[i], [x], dy => Accumulate(x, inner.LinearBackward(x, weight, dy)));
        }
    }

    /// <inheritdoc/>
    public Tensor Norm(Tensor x, NormWeight weight) =>
        Record(inner.Norm(x, weight), [x], dy => Accumulate(x, inner.NormBackward(x, weight, dy)));

    /// <inheritdoc/>
    public Tensor Rope(Tensor x, RopeRows rows)
    {
        // The angles belong to the batch, which may be gone when the gradients are computed.
        Tensor cosines = rows.Cosines.Retain();
        Tensor sines = rows.Sines.Retain();
        RopeRows kept = rows with { Cosines = cosines, Sines = sines };
        Tensor y = Record(inner.Rope(x, rows), [cosines, sines], dy => Accumulate(x, inner.RopeBackward(kept, dy)));
        kept.Dispose();
        return y;
    }

    /// <inheritdoc/>
    public Tensor Attention(
        Tensor q, Tensor? k, Tensor? v, AttentionRows rows, int layer, AttentionSpec spec, Tensor? sinkQueries = null)
    {
        if (k is null || v is null || sinkQueries is not null || rows.Pool is not null)
            throw new InvalidOperationException("Gradients do not flow through stored keys and values: give the tape a batch without memory.");
        Tensor y = inner.Attention(q, k, v, rows, layer, spec, out Tensor logSumExp);
        Record(y, [q, k, v, logSumExp, y], dy =>
        {
            (Tensor dq, Tensor dk, Tensor dv) = inner.AttentionBackward(q, k, v, y, logSumExp, rows, spec, dy);
            Accumulate(q, dq);
            Accumulate(k, dk);
            Accumulate(v, dv);
        });
        logSumExp.Dispose();
        return y;
    }

    /// <inheritdoc/>
    public Tensor GatedRecurrence(Tensor z, Tensor v, RecurrenceRows rows, int layer)
    {
        if (rows.Storage is not null)
            throw new InvalidOperationException(
                "Gradients do not flow through stored states: give the tape a batch without memory.");
        Tensor y = inner.GatedRecurrence(z, v, rows, layer);
        return Record(y, [z, v, y], dy =>
        {
            (Tensor dz, Tensor dv) = inner.GatedRecurrenceBackward(z, v, y, rows, dy);
            Accumulate(z, dz);
            Accumulate(v, dv);
        });
    }

    /// <inheritdoc/>
    public Tensor Activate(Tensor x, Activation activation) =>
        Record(inner.Activate(x, activation), [x], dy => Accumulate(x, inner.ActivateBackward(x, activation, dy)));

    /// <inheritdoc/>
    public Tensor GatedActivate(Tensor gate, Tensor up, Activation activation) =>
        Record(inner.GatedActivate(gate, up, activation), [gate, up], dy =>
        {
            (Tensor dgate, Tensor dup) = inner.GatedActivateBackward(gate, up, activation, dy);
            Accumulate(gate, dgate);
            Accumulate(up, dup);
        });

    /// <inheritdoc/>
    public Tensor Add(Tensor a, Tensor b) => Record(inner.Add(a, b), [], dy =>
    {
        Accumulate(a, dy.Retain());
        Accumulate(b, dy.Retain());
    });

    /// <inheritdoc/>
    public Tensor Scale(Tensor x, float factor) =>
        Record(inner.Scale(x, factor), [], dy => Accumulate(x, inner.Scale(dy, factor)));

    /// <inheritdoc/>
    public Tensor Dropout(Tensor x, DropoutMask mask) =>
        Record(inner.Dropout(x, mask), [], dy => Accumulate(x, inner.Dropout(dy, mask)));

    /// <inheritdoc/>
    public Tensor SoftCap(Tensor x, float cap)
    {
        Tensor y = inner.SoftCap(x, cap);
        return Record(y, [y], dy => Accumulate(x, inner.SoftCapBackward(y, cap, dy)));
    }

    /// <inheritdoc/>
    public Tensor GatherRows(Tensor x, ReadOnlyMemory<int> rows) =>
        Record(inner.GatherRows(x, rows), [], dy => Accumulate(x, inner.GatherRowsBackward(rows, x.Rows, dy)));

    /// <inheritdoc/>
    public ExpertRouting RouteExperts(Tensor logits, int perToken, bool renormalise)
    {
        ExpertRouting routing = inner.RouteExperts(logits, perToken, renormalise);
        Record(routing.Weights, [logits],
            dy => Accumulate(logits, inner.RouteExpertsBackward(logits, routing, renormalise, dy)));
        return routing;
    }

    /// <inheritdoc/>
    public Tensor DispatchToExperts(Tensor x, ExpertRouting routing) => Record(
        inner.DispatchToExperts(x, routing), [], dy => Accumulate(x, inner.DispatchToExpertsBackward(routing, dy)));

    /// <inheritdoc/>
    public Tensor LinearExperts(Tensor x, IReadOnlyList<LinearWeight> experts, ExpertRouting routing) => Record(
        inner.LinearExperts(x, experts, routing), [x], dy => Accumulate(x, inner.LinearExpertsBackward(x, experts, routing, dy)));

    /// <inheritdoc/>
    public Tensor CombineExperts(Tensor x, ExpertRouting routing) =>
        Record(inner.CombineExperts(x, routing), [x, routing.Weights], dy =>
        {
            (Tensor dx, Tensor dweights) = inner.CombineExpertsBackward(x, routing, dy);
            Accumulate(x, dx);
            Accumulate(routing.Weights, dweights);
        });

    /// <inheritdoc/>
    public Tensor CrossEntropy(Tensor hidden, LinearWeight head, ReadOnlyMemory<int> labels, CrossEntropyOptions options)
    {
        Tensor loss = inner.CrossEntropy(hidden, head, labels, options, out CrossEntropyState state);
        Record(loss, [hidden],
            dy => Accumulate(hidden, inner.CrossEntropyBackward(hidden, head, labels, options, state, dy)));
        _nodes[^1] = _nodes[^1] with { Held = state };
        return loss;
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
    }

    /// <summary>Keeps an op, and alive what its backward pass reads: <paramref name="saved"/>.</summary>
    private Tensor Record(Tensor result, Tensor[] saved, Action<Tensor> backward)
    {
        foreach (Tensor tensor in saved)
            tensor.Retain();
        _nodes.Add(new Node(result, saved, backward));
        return result;
    }

    private void Accumulate(Tensor tensor, Tensor gradient)
    {
        if (!_gradients.TryGetValue(tensor, out Tensor? sum))
        {
            _gradients.Add(tensor, gradient);
            return;
        }

        // The sum may be shared with another operand (Add hands one gradient to both), so it is not changed in place.
        Tensor total = inner.Add(sum, gradient);
        _gradients[tensor] = total;
        sum.Dispose();
        gradient.Dispose();
    }

    private static void Release(Node node)
    {
        foreach (Tensor tensor in node.Saved)
            tensor.Dispose();
        node.Held?.Dispose();
    }
}
