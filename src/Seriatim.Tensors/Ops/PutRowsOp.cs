namespace Seriatim.Tensors;

/// <summary><c>into[first + n] = rows[n]</c>: a tensor that is made some rows at a time.</summary>
/// <remarks>Changes into. Shapes: rows [N, E], into [M, E]. No result.</remarks>
internal readonly struct PutRowsOp(Tensor rows, Tensor into, int first) : IOpCall
{
    public static string Name => "PutRows";

    public OpPart Part => OpPart.Other;

    public int Results => 0;

    public (int Rows, int Columns) Shape(int result) => throw OpShapes.NoResult(Name);

    public void Check()
    {
        OpShapes.RequireColumns(rows, into.Columns, Name, "rows", into);
        ShapeMismatchException.Require(
            first >= 0 && (long)first + rows.Rows <= into.Rows, Name, "rows", $"{rows} from row {first} on", $"within {into}");
    }

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T> => Reference(results);

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        for (int n = 0; n < rows.Rows; n++)
            rows.Row(n).CopyTo(into.Row(first + n));
    }
}

public static partial class OpsExtensions
{
    /// <summary>Writes rows over those of another tensor from <paramref name="first"/> on.</summary>
    public static void PutRows(this IDifferentiableOps ops, Tensor rows, Tensor into, int first) =>
        ops.Call(new PutRowsOp(rows, into, first), []);
}
