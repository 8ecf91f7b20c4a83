namespace Seriatim.Tensors;

/// <summary>The two parts of <see cref="IOps.Couple"/> as plain ops, forwards and backwards.</summary>
internal static class Coupling
{
    /// <summary><c>y1 = x1 + first(x2)</c>, <c>y2 = x2 + second(y1)</c>.</summary>
    public static Tensor Forward<TState>(IOps ops, Tensor x, TState state, Func<IOps, Tensor, TState, Tensor> first,
        Func<IOps, Tensor, TState, Tensor> second)
    {
        int half = Half(x);
        using Tensor x1 = ops.Columns(x, 0, half), x2 = ops.Columns(x, half, half);
        using Tensor added = first(ops, x2, state);
        using Tensor y1 = ops.Add(x1, added);
        using Tensor added2 = second(ops, y1, state);
        using Tensor y2 = ops.Add(x2, added2);
        return ops.JoinColumns(y1, y2);
    }

    /// <summary>
    /// The operand and its gradient from the result and its own: each part runs again on a tape of its own, on the very rows it
    /// is given here (algorithm 1 of the paper).
    /// </summary>
    public static (Tensor X, Tensor Dx) Backward<TState>(IDifferentiableOps ops, Tensor y, Tensor dy, TState state,
        Func<IOps, Tensor, TState, Tensor> first, Func<IOps, Tensor, TState, Tensor> second)
    {
        int half = Half(y);
        using Tensor y1 = ops.Columns(y, 0, half), y2 = ops.Columns(y, half, half);
        using Tensor dy1 = ops.Columns(dy, 0, half), dy2 = ops.Columns(dy, half, half);
        (Tensor x2, Tensor dx1) = Undo(ops, y1, y2, dy1, dy2, state, second);
        using (x2)
        using (dx1)
        {
            (Tensor x1, Tensor dx2) = Undo(ops, x2, y1, dy2, dx1, state, first);
            using (x1)
            using (dx2)
                return (ops.JoinColumns(x1, x2), ops.JoinColumns(dx1, dx2));
        }
    }

    /// <summary>
    /// Of <c>sum = before + part(read)</c>: before, and the whole gradient of what was read, in which
    /// <paramref name="dRead"/> is what arrived from elsewhere.
    /// </summary>
    private static (Tensor Before, Tensor Gradient) Undo<TState>(IDifferentiableOps ops, Tensor read, Tensor sum, Tensor dRead,
        Tensor dSum, TState state, Func<IOps, Tensor, TState, Tensor> part)
    {
        using var again = new Tape(ops);
        again.Watch(read);
        using Tensor added = part(again, read, state);
        using Tensor negative = ops.Scale(added, -1);
        Tensor before = ops.Add(sum, negative);
        again.Backward(added, dSum.Retain());
        return (before, again.GradientOf(read) is { } own ? ops.Add(dRead, own) : dRead.Retain());
    }

    private static int Half(Tensor x)
    {
        ShapeMismatchException.Require(x.Columns % 2 == 0, "Couple", "x", $"{x}", $"an even number of columns");
        return x.Columns / 2;
    }
}
