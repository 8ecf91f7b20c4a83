namespace Seriatim.Tensors;

/// <summary>
/// <c>y[n, g] = s[n, g] · x[n, g]</c> for each piece g of a row: one piece, or one for each head. Backward:
/// <c>dx[n, g] = s[n, g] dy[n, g]</c>, <c>ds[n, g] = dy[n, g] · x[n, g]</c>.
/// </summary>
/// <remarks>
/// Shapes: x, y [N, E], s [N, G], E a multiple of G. Saved for backward: x and s. Sums over features use 16 partial sums folded
/// in one tree.
/// </remarks>
internal readonly unsafe struct ScaleRowsOp(Tensor x, Tensor factors, bool constant) : IOp<ScaleRowsOp>
{
    public static string Name => "ScaleRows";

    public OpPart Part => OpPart.Other;

    public int Results => 1;

    public IDisposable? Held => null;

    public (int Rows, int Columns) Shape(int result) => (x.Rows, x.Columns);

    public void Check() => Check(x, factors, "ScaleRows");

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T>
    {
        var work = new Work<T>(x, results[0], factors);
        team.Run(RowKernel.Pieces(x.Rows, work.PerPiece), ref work);
    }

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        int width = x.Columns / factors.Columns;
        for (int n = 0; n < x.Rows; n++)
        {
            for (int i = 0; i < x.Columns; i++)
                results[0].Row(n)[i] = x.Row(n)[i] * factors.Row(n)[i / width];
        }
    }

    public ScaleRowsOp Recorded() => this;

    public void Show(OpView to) => to.Operand("x", x).Operand("factors", factors);

    public void Save(ReadOnlySpan<Tensor> results, SavedTensors saved)
    {
        if (!constant)
            saved.Add(x);
        saved.Add(factors);
    }

    public void Backward(IDifferentiableOps ops, ReadOnlySpan<Tensor> results, ReadOnlySpan<Tensor?> dy, Gradients gradients)
    {
        gradients.Add(x, ops.Call(new ScaleRowsOp(dy[0]!, factors, constant)));
        if (!constant)
            gradients.Add(factors, ops.Call(new RowDotsOp(x, dy[0]!, factors.Columns)));
    }

    internal static void Check(Tensor x, Tensor factors, string operation)
    {
        OpShapes.Require(factors, x.Rows, factors.Columns, operation, "the factors");
        ShapeMismatchException.Require(factors.Columns > 0 && x.Columns % factors.Columns == 0, operation, "x", $"{x}",
            $"a multiple of the {factors.Columns} factors of a row in columns");
    }

    private readonly struct Work<T>(Tensor x, Tensor y, Tensor factors) : IWork
        where T : struct, ILanes<T>
    {
        private readonly float* _x = x.Floats;
        private readonly float* _y = y.Floats;
        private readonly float* _factors = factors.Floats;
        private readonly int _rows = x.Rows;
        private readonly int _groups = factors.Columns;
        private readonly int _width = x.Columns / factors.Columns;

        public int PerPiece => RowKernel.RowsPerPiece(_groups * _width);

        public void Do(int piece, int worker)
        {
            long columns = (long)_groups * _width;
            for (int n = piece * PerPiece; n < Math.Min(_rows, (piece + 1) * PerPiece); n++)
                HeadKernel.Scale<T>(_x + n * columns, _factors + (long)n * _groups, _y + n * columns, _groups, _width);
        }
    }
}

/// <summary><c>s[n, g] = a[n, g] · b[n, g]</c> for each piece of a row: <c>[N, G]</c>.</summary>
internal readonly unsafe struct RowDotsOp(Tensor a, Tensor b, int groups) : IOpCall
{
    public static string Name => "RowDots";

    public OpPart Part => OpPart.Other;

    public int Results => 1;

    public (int Rows, int Columns) Shape(int result) => (a.Rows, groups);

    public void Check() => OpShapes.RequireSame(a, b, "RowDots", "b");

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T>
    {
        var work = new Work<T>(a, b, results[0]);
        team.Run(RowKernel.Pieces(a.Rows, work.PerPiece), ref work);
    }

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        int width = a.Columns / groups;
        for (int n = 0; n < a.Rows; n++)
        {
            for (int g = 0; g < groups; g++)
            {
                double sum = 0;
                for (int i = g * width; i < (g + 1) * width; i++)
                    sum += (double)a.Row(n)[i] * b.Row(n)[i];
                results[0].Row(n)[g] = (float)sum;
            }
        }
    }

    private readonly struct Work<T>(Tensor a, Tensor b, Tensor sums) : IWork
        where T : struct, ILanes<T>
    {
        private readonly float* _a = a.Floats;
        private readonly float* _b = b.Floats;
        private readonly float* _sums = sums.Floats;
        private readonly int _rows = a.Rows;
        private readonly int _groups = sums.Columns;
        private readonly int _width = a.Columns / sums.Columns;

        public int PerPiece => RowKernel.RowsPerPiece(_groups * _width);

        public void Do(int piece, int worker)
        {
            long columns = (long)_groups * _width;
            for (int n = piece * PerPiece; n < Math.Min(_rows, (piece + 1) * PerPiece); n++)
                HeadKernel.Dot<T>(_a + n * columns, _b + n * columns, _sums + (long)n * _groups, _groups, _width);
        }
    }
}

public static partial class OpsExtensions
{
    /// <summary>
    /// Each piece of each row times a factor of its own: x <c>[N, E]</c>, factors <c>[N, G]</c> → <c>[N, E]</c>; one factor a
    /// row,
    /// or one for each of G heads of it.
    /// </summary>
    /// <param name="ops">The device, or a tape.</param>
    /// <param name="x">The rows.</param>
    /// <param name="factors">Their factors.</param>
    /// <param name="constant">Whether the factors follow from the batch alone, so that no gradient of them is asked for.</param>
    public static Tensor ScaleRows(this IOps ops, Tensor x, Tensor factors, bool constant = false) =>
        ops.Run(new ScaleRowsOp(x, factors, constant));
}
