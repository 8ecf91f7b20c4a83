namespace Seriatim.Tensors;

/// <summary>
/// <c>y[n, i] = m[n, i] x[n, i]</c> with <c>m</c> 0 or <c>1 / (1 - rate)</c> by a <see cref="DropoutMask"/>. Its own backward:
/// <c>dx = m · dy</c>.
/// </summary>
/// <remarks>Shapes: x, y [N, E]. Saved for backward: nothing; the mask is made again.</remarks>
internal readonly unsafe struct DropoutOp(Tensor x, DropoutMask mask) : IOp<DropoutOp>
{
    public static string Name => "Dropout";

    public OpPart Part => OpPart.Other;

    public int Results => 1;

    public IDisposable? Held => null;

    public (int Rows, int Columns) Shape(int result) => (x.Rows, x.Columns);

    public void Check() => CheckMask(mask);

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T>
    {
        int rows = RowKernel.RowsPerPiece(x.Columns);
        var work = new Kernel<T> { X = x, Y = results[0], Mask = mask, RowsOfPiece = rows };
        team.Run(RowKernel.Pieces(x.Rows, rows), ref work, x.Length);
    }

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        for (int row = 0; row < x.Rows; row++)
        {
            for (int column = 0; column < x.Columns; column++)
                results[0].Row(row)[column] = x.Row(row)[column] * mask.FactorOf(row, column);
        }
    }

    public DropoutOp Recorded() => this;

    public void Show(OpView to) => to.Operand("x", x);

    public void Save(ReadOnlySpan<Tensor> results, SavedTensors saved)
    {
    }

    public void Backward(IDifferentiableOps ops, ReadOnlySpan<Tensor> results, ReadOnlySpan<Tensor?> dy, Gradients gradients) =>
        gradients.Add(x, ops.Call(new DropoutOp(dy[0]!, mask)));

    internal static void CheckMask(DropoutMask mask)
    {
        if (mask.Rate is not (>= 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(mask), mask.Rate, "The rate of dropout is a number from 0 to below 1.");
    }

    private struct Kernel<T> : IWork
        where T : struct, ILanes<T>
    {
        public Tensor X;
        public Tensor Y;
        public DropoutMask Mask;
        public int RowsOfPiece;

        public readonly void Do(int piece, int worker)
        {
            var lanes = new DropoutLanes<T>(Mask);
            int columns = X.Columns;
            for (int row = piece * RowsOfPiece; row < Math.Min(X.Rows, (piece + 1) * RowsOfPiece); row++)
            {
                (int, int) keys = Mask.RowKeys(row);
                float* x = X.Floats + (long)row * columns;
                float* y = Y.Floats + (long)row * columns;
                for (int i = 0; i < columns; i += 16)
                {
                    RowKernel.Store(RowKernel.Load<T>(x + i, columns - i) * DropoutMask.Factors(lanes, keys, i), y + i,
                        columns - i);
                }
            }
        }
    }
}

public static partial class OpsExtensions
{
    /// <summary>Each element 0 or multiplied by <c>1 / (1 - rate)</c>, by the mask: <c>[N, E] → [N, E]</c>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The rate is not from 0 to below 1.</exception>
    public static Tensor Dropout(this IOps ops, Tensor x, DropoutMask mask) => ops.Run(new DropoutOp(x, mask));
}
