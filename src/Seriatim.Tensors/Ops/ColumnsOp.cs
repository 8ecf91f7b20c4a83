namespace Seriatim.Tensors;

/// <summary>
/// <c>y[n, h, c] = x[n, h, first + c]</c>: some features of each head of each row. Backward: dy in its place, zeros beside it.
/// </summary>
/// <remarks>Shapes: x [N, H·E], y [N, H·count]. Nothing is saved. A copy: its own reference.</remarks>
internal readonly struct ColumnsOp(Tensor x, int first, int count, int heads = 1) : IOp<ColumnsOp>
{
    public static string Name => "Columns";

    public OpPart Part => OpPart.Other;

    public int Results => 1;

    public IDisposable? Held => null;

    public (int Rows, int Columns) Shape(int result) => (x.Rows, heads * count);

    public void Check()
    {
        ShapeMismatchException.Require(heads > 0 && x.Columns % heads == 0, Name, "the number of heads", $"{heads}",
            $"a divisor of the {x.Columns} columns of x");
        ShapeMismatchException.Require(first >= 0 && count >= 0 && (long)first + count <= x.Columns / heads, Name,
            "the columns", $"{first} to {(long)first + count}", $"a range within the {x.Columns / heads} of x");
    }

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T> => Reference(results);

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        int width = x.Columns / heads;
        for (int n = 0; n < x.Rows; n++)
        {
            for (int head = 0; head < heads; head++)
                x.Row(n).Slice(head * width + first, count).CopyTo(results[0].Row(n)[(head * count)..]);
        }
    }

    public ColumnsOp Recorded() => this;

    public void Show(OpView to) => to.Operand("x", x);

    public void Save(ReadOnlySpan<Tensor> results, SavedTensors saved)
    {
    }

    public void Backward(IDifferentiableOps ops, ReadOnlySpan<Tensor> results, ReadOnlySpan<Tensor?> dy, Gradients gradients) =>
        gradients.Add(x, ops.Call(new ColumnsBackwardOp(dy[0]!, first, x.Columns, heads)));
}

/// <summary>dy among zeros.</summary>
internal readonly struct ColumnsBackwardOp(Tensor dy, int first, int columns, int heads) : IOpCall
{
    public static string Name => "ColumnsBackward";

    public OpPart Part => OpPart.Other;

    public int Results => 1;

    public (int Rows, int Columns) Shape(int result) => (dy.Rows, columns);

    public void Check() => ShapeMismatchException.Require(
        first >= 0 && dy.Columns % heads == 0 && (long)first + dy.Columns / heads <= columns / heads, "Columns backward",
        "dy", $"{dy} from column {first} on", $"within {columns} columns of {heads} heads");

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T> => Reference(results);

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        (int width, int count) = (columns / heads, dy.Columns / heads);
        for (int n = 0; n < dy.Rows; n++)
        {
            Span<float> to = results[0].Row(n);
            to.Clear();
            for (int head = 0; head < heads; head++)
                dy.Row(n).Slice(head * count, count).CopyTo(to[(head * width + first)..]);
        }
    }
}

public static partial class OpsExtensions
{
    /// <summary>Some features of each row: <c>[N, E] → [N, count]</c>.</summary>
    /// <param name="ops">The ops.</param>
    /// <param name="x">Rows.</param>
    /// <param name="first">The first feature.</param>
    /// <param name="count">How many.</param>
    public static Tensor Columns(this IOps ops, Tensor x, int first, int count) => ops.Run(new ColumnsOp(x, first, count));
}
