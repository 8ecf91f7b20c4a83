namespace Seriatim.Tensors;

/// <summary>
/// <c>y[n, h] = a[n, h], then b[n, h]</c>: the features of two rows side by side, head by head. Backward: dy cut in two.
/// </summary>
/// <remarks>Shapes: a [N, H·E], b [N, H·F], y [N, H·(E + F)]. Nothing is saved. A copy: its own reference.</remarks>
internal readonly struct JoinColumnsOp(Tensor a, Tensor b, int heads) : IOp<JoinColumnsOp>
{
    public static string Name => "JoinColumns";

    public OpPart Part => OpPart.Other;

    public int Results => 1;

    public IDisposable? Held => null;

    public (int Rows, int Columns) Shape(int result) => (a.Rows, checked(a.Columns + b.Columns));

    public void Check()
    {
        OpShapes.Require(b, a.Rows, b.Columns, Name, "b");
        ShapeMismatchException.Require(heads > 0 && a.Columns % heads == 0 && b.Columns % heads == 0, Name, "the number of heads",
            $"{heads}", $"a divisor of {a.Columns} and {b.Columns} columns");
    }

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T> => Reference(results);

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        (int first, int second) = (a.Columns / heads, b.Columns / heads);
        for (int n = 0; n < a.Rows; n++)
        {
            Span<float> to = results[0].Row(n);
            for (int head = 0; head < heads; head++)
            {
                a.Row(n).Slice(head * first, first).CopyTo(to[(head * (first + second))..]);
                b.Row(n).Slice(head * second, second).CopyTo(to[(head * (first + second) + first)..]);
            }
        }
    }

    public JoinColumnsOp Recorded() => this;

    public void Show(OpView to) => to.Operand("a", a).Operand("b", b);

    public void Save(ReadOnlySpan<Tensor> results, SavedTensors saved)
    {
    }

    public void Backward(IDifferentiableOps ops, ReadOnlySpan<Tensor> results, ReadOnlySpan<Tensor?> dy, Gradients gradients)
    {
        gradients.Add(a, ops.Call(new ColumnsOp(dy[0]!, 0, a.Columns / heads, heads)));
        gradients.Add(b, ops.Call(new ColumnsOp(dy[0]!, a.Columns / heads, b.Columns / heads, heads)));
    }
}

public static partial class OpsExtensions
{
    /// <summary>The features of two tensors side by side: <c>[N, H·E], [N, H·F] → [N, H·(E + F)]</c>.</summary>
    /// <param name="ops">The ops.</param>
    /// <param name="a">The first.</param>
    /// <param name="b">The second.</param>
    /// <param name="heads">H: they are joined head by head.</param>
    public static Tensor JoinColumns(this IOps ops, Tensor a, Tensor b, int heads = 1) =>
        ops.Run(new JoinColumnsOp(a, b, heads));
}
