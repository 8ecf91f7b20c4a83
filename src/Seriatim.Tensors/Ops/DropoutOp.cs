namespace Seriatim.Tensors;

/// <summary>
/// <c>y[n, i] = m[n, i] x[n, i]</c> with <c>m</c> 0 or <c>1 / (1 - rate)</c> by a <see cref="DropoutMask"/>. Its own backward:
/// <c>dx = m · dy</c>.
/// </summary>
/// <remarks>Shapes: x, y [N, E]. Saved for backward: nothing; the mask is made again.</remarks>
internal static unsafe class DropoutOp
{
    public static Tensor Forward<T>(WorkerTeam team, Tensor x, DropoutMask mask)
        where T : struct, ILanes<T>
    {
        Check(mask);
        Tensor y = Tensor.Create(x.Rows, x.Columns);
        int rows = RowKernel.RowsPerPiece(x.Columns);
        var work = new Kernel<T> { X = x, Y = y, Mask = mask, RowsOfPiece = rows };
        team.Run(RowKernel.Pieces(x.Rows, rows), ref work, x.Length);
        return y;
    }

    public static Tensor Reference(Tensor x, DropoutMask mask)
    {
        Check(mask);
        Tensor y = Tensor.Create(x.Rows, x.Columns);
        for (int row = 0; row < x.Rows; row++)
        {
            for (int column = 0; column < x.Columns; column++)
                y.Row(row)[column] = x.Row(row)[column] * mask.FactorOf(row, column);
        }

        return y;
    }

    public static void Check(DropoutMask mask)
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
                    RowKernel.Store(RowKernel.Load<T>(x + i, columns - i) * DropoutMask.Factors(lanes, keys, i), y + i, columns - i);
            }
        }
    }
}
