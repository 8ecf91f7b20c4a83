namespace Seriatim.Tensors;

public sealed partial class Tape
{
    /// <summary>
    /// Results of coupled parts from which their operands will be computed: of a chain of them the last one alone, and in the
    /// backward pass the one that is next. By the identity of the result, whose own buffer may be gone.
    /// </summary>
    private readonly Dictionary<Tensor, Tensor> _outputs = new(ReferenceEqualityComparer.Instance);

    /// <summary>
    /// Whether <see cref="Couple"/> keeps no operand: the backward pass computes it from the result, and memory does not grow
    /// with the number of layers (Gomez et al., 2017). Sums taken back differ from what they were by rounding, so gradients
    /// differ by rounding from those of a tape that keeps all; they are the same bits each time. True as a rule.
    /// </summary>
    public bool InvertsLayers { get; init; } = true;

    /// <inheritdoc/>
    /// <remarks>Without <see cref="InvertsLayers"/> as <see cref="Recompute"/> does.</remarks>
    public Tensor Couple<TState>(Tensor x, TState state, Func<IOps, Tensor, TState, Tensor> first,
        Func<IOps, Tensor, TState, Tensor> second, Func<TState, IDisposable> hold)
    {
        if (!InvertsLayers)
        {
            return Recompute(x, null, (state, first, second),
                static (ops, x, parts) => Coupling.Forward(ops, x, parts.state, parts.first, parts.second),
                parts => hold(parts.state));
        }

        IDisposable held = hold(state);
        Tensor y;
        try
        {
            y = Coupling.Forward(_inner, x, state, first, second);
        }
        catch
        {
            held.Dispose();
            throw;
        }

        // x follows from y, so what was kept for the parts that made x can go.
        bool givesBack = _outputs.Remove(x, out Tensor? before);
        before?.Dispose();
        _outputs.Add(y, y.Retain());
        _nodes.Add(new PartNode(y, dy => Uncouple(x, y, dy, givesBack, state, first, second)) { Saved = [], Held = held });
        _hasParts = true;
        return y;
    }

    private void Uncouple<TState>(Tensor x, Tensor y, Tensor dy, bool givesBack, TState state,
        Func<IOps, Tensor, TState, Tensor> first, Func<IOps, Tensor, TState, Tensor> second)
    {
        if (!_outputs.Remove(y, out Tensor? value))
        {
            throw new InvalidOperationException(
                $"The result {y} of coupled parts is not there any more: no gradient came to the parts that read it and would " +
                "have given it back.");
        }

        using (value)
        {
            (Tensor before, Tensor dx) = Coupling.Backward(_inner, value, dy, state, first, second);
            if (givesBack)
                _outputs.Add(x, before);
            else
                before.Dispose();
            Accumulate(x, dx);
        }
    }

    private void ForgetOutputs()
    {
        foreach (Tensor output in _outputs.Values)
            output.Dispose();
        _outputs.Clear();
    }
}
