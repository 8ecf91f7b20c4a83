namespace Seriatim.Tensors;

/// <summary>
/// A linear layer of each head on the first features of its part of the row: <c>y[n, h] = W_h x[n, h]</c>. Backward: as the
/// linear layers, with zeros for features that none reads.
/// </summary>
/// <remarks>Shapes: x [N, H·S], each W [O, I] with I ≤ S, y [N, H·O]. Saved for backward: x.</remarks>
internal readonly struct LinearHeadsOp(Tensor x, IReadOnlyList<LinearWeight> heads, RowGroups? groups) : IOp<LinearHeadsOp>
{
    public static string Name => "LinearHeads";

    public OpPart Part => heads[0].Part;

    public int Results => 1;

    public IDisposable? Held => null;

    public (int Rows, int Columns) Shape(int result) => (x.Rows, checked(heads.Count * heads[0].Outputs));

    public void Check() => Check(x, heads, groups);

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T>
    {
        using Tensor own = Tensor.Create(x.Rows, heads[0].Inputs), y = Tensor.Create(x.Rows, heads[0].Outputs);
        for (int head = 0; head < heads.Count; head++)
        {
            Take(x, heads.Count, head, own);
            LinearOp.Forward<T>(team, own, heads[head], groups, y);
            Put(y, results[0], heads.Count, head);
        }
    }

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        using Tensor own = Tensor.Create(x.Rows, heads[0].Inputs), y = Tensor.Create(x.Rows, heads[0].Outputs);
        for (int head = 0; head < heads.Count; head++)
        {
            Take(x, heads.Count, head, own);
            LinearOp.Reference(own, heads[head], groups, y);
            Put(y, results[0], heads.Count, head);
        }
    }

    public LinearHeadsOp Recorded() => this;

    public void Show(OpView to)
    {
        to.Operand("x", x);
        foreach (LinearWeight head in heads)
            to.Weight(head);
    }

    public void Save(ReadOnlySpan<Tensor> results, SavedTensors saved) => saved.Add(x);

    public void Backward(IDifferentiableOps ops, ReadOnlySpan<Tensor> results, ReadOnlySpan<Tensor?> dy, Gradients gradients) =>
        gradients.Add(x, ops.Call(new LinearHeadsBackwardOp(x, heads, groups, dy[0]!)));

    internal static void Check(Tensor x, IReadOnlyList<LinearWeight> heads, RowGroups? groups)
    {
        ShapeMismatchException.Require(heads.Count > 0 && x.Columns % heads.Count == 0, Name, "the number of heads",
            $"{heads.Count}", $"a divisor of the {x.Columns} columns of x");
        foreach (LinearWeight head in heads)
        {
            ShapeMismatchException.Require(head.Outputs == heads[0].Outputs && head.Inputs == heads[0].Inputs, Name, "a head",
                $"{head}", $"[{heads[0].Outputs}, {heads[0].Inputs}], as {heads[0].Name} is,");
        }

        ShapeMismatchException.Require(heads[0].Inputs <= x.Columns / heads.Count, Name, "the inputs of a head",
            $"{heads[0].Inputs}", $"at most {x.Columns / heads.Count}, the features of a head of x,");
        RowGroups.Check(groups, x, Name);
    }

    /// <summary>Copies the first features of a head, as many as the taker's rows have.</summary>
    internal static void Take(Tensor x, int heads, int head, Tensor own)
    {
        for (int n = 0; n < x.Rows; n++)
            x.Row(n).Slice(head * (x.Columns / heads), own.Columns).CopyTo(own.Row(n));
    }

    /// <summary>The rows of a head in their place.</summary>
    internal static void Put(Tensor own, Tensor all, int heads, int head)
    {
        for (int n = 0; n < all.Rows; n++)
            own.Row(n).CopyTo(all.Row(n)[(head * (all.Columns / heads))..]);
    }
}

/// <summary>Returns dx; adds to the gradients of the heads' weights.</summary>
internal readonly struct LinearHeadsBackwardOp(
    Tensor x, IReadOnlyList<LinearWeight> heads, RowGroups? groups, Tensor dy) : IOpCall
{
    public static string Name => "LinearHeadsBackward";

    public OpPart Part => heads[0].Part;

    public int Results => 1;

    public (int Rows, int Columns) Shape(int result) => (x.Rows, x.Columns);

    public void Check()
    {
        LinearHeadsOp.Check(x, heads, groups);
        OpShapes.Require(dy, x.Rows, heads.Count * heads[0].Outputs, "LinearHeads backward", "dy");
    }

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T>
    {
        results[0].Span.Clear();
        using Tensor own = Tensor.Create(x.Rows, heads[0].Inputs), dx = Tensor.Create(x.Rows, heads[0].Inputs);
        using Tensor gradient = Tensor.Create(x.Rows, heads[0].Outputs);
        for (int head = 0; head < heads.Count; head++)
        {
            LinearHeadsOp.Take(x, heads.Count, head, own);
            LinearHeadsOp.Take(dy, heads.Count, head, gradient);
            LinearBackwardOp.Forward<T>(team, own, heads[head], gradient, groups, dx);
            LinearHeadsOp.Put(dx, results[0], heads.Count, head);
        }
    }

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        results[0].Span.Clear();
        using Tensor own = Tensor.Create(x.Rows, heads[0].Inputs), dx = Tensor.Create(x.Rows, heads[0].Inputs);
        using Tensor gradient = Tensor.Create(x.Rows, heads[0].Outputs);
        for (int head = 0; head < heads.Count; head++)
        {
            LinearHeadsOp.Take(x, heads.Count, head, own);
            LinearHeadsOp.Take(dy, heads.Count, head, gradient);
            LinearBackwardOp.Reference(own, heads[head], gradient, groups, dx);
            LinearHeadsOp.Put(dx, results[0], heads.Count, head);
        }
    }
}

public static partial class OpsExtensions
{
    /// <summary>
    /// A linear layer of each head on the first features of its part of the row: <c>[N, H·S] → [N, H·O]</c>.
    /// </summary>
    /// <param name="ops">The device, or a tape.</param>
    /// <param name="x">The rows.</param>
    /// <param name="heads">A weight for each head, all of one shape.</param>
    /// <param name="groups">The groups of the rows; null: none.</param>
    public static Tensor LinearHeads(
        this IOps ops, Tensor x, IReadOnlyList<LinearWeight> heads, RowGroups? groups = null) =>
        ops.Run(new LinearHeadsOp(x, heads, groups));
}
