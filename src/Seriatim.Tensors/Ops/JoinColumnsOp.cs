namespace Seriatim.Tensors;

/// <summary><c>y[n] = a[n], then b[n]</c>: the features of two rows side by side. Backward: dy cut in two.</summary>
/// <remarks>Shapes: a [N, E], b [N, F], y [N, E + F]. Nothing is saved. A copy: its own reference.</remarks>
internal readonly struct JoinColumnsOp(Tensor a, Tensor b) : IOp<JoinColumnsOp>
{
    public static string Name => "JoinColumns";

    public OpPart Part => OpPart.Other;

    public int Results => 1;

    public IDisposable? Held => null;

    public (int Rows, int Columns) Shape(int result) => (a.Rows, checked(a.Columns + b.Columns));

    public void Check() => OpShapes.Require(b, a.Rows, b.Columns, Name, "b");

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T> => Reference(results);

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        for (int n = 0; n < a.Rows; n++)
        {
            Span<float> to = results[0].Row(n);
            a.Row(n).CopyTo(to);
            b.Row(n).CopyTo(to[a.Columns..]);
        }
    }

    public JoinColumnsOp Recorded() => this;

    public void Show(OpView to) => to.Operand("a", a).Operand("b", b);

    public void Save(ReadOnlySpan<Tensor> results, SavedTensors saved)
    {
    }

    public void Backward(IDifferentiableOps ops, ReadOnlySpan<Tensor> results, ReadOnlySpan<Tensor?> dy, Gradients gradients)
    {
        gradients.Add(a, ops.Call(new ColumnsOp(dy[0]!, 0, a.Columns)));
        gradients.Add(b, ops.Call(new ColumnsOp(dy[0]!, a.Columns, b.Columns)));
    }
}

public static partial class OpsExtensions
{
    /// <summary>The features of two tensors side by side: <c>[N, E], [N, F] → [N, E + F]</c>.</summary>
    public static Tensor JoinColumns(this IOps ops, Tensor a, Tensor b) => ops.Run(new JoinColumnsOp(a, b));
}
