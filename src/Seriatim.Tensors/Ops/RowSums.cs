namespace Seriatim.Tensors;

/// <summary>Adds the sum of rows, in order, to the gradient of a vector.</summary>
internal readonly unsafe struct RowSums<T>(Tensor rows, Tensor sum) : IWork
    where T : struct, ILanes<T>
{
    private readonly float* _rows = rows.Floats;
    private readonly float* _sum = sum.Floats;
    private readonly int _count = rows.Rows;
    private readonly int _columns = rows.Columns;

    /// <summary>Adds, if the vector is trained.</summary>
    public static void Run(WorkerTeam team, Tensor rows, Parameter vector)
    {
        if (!vector.Trainable)
            return;
        var work = new RowSums<T>(rows, vector.GradientOrZeros());
        team.Run(RowKernel.Pieces(rows.Columns, HeadKernel.Columns), ref work, rows.Length);
    }

    public void Do(int piece, int worker)
    {
        int first = piece * HeadKernel.Columns;
        HeadKernel.AddRows<T>(_rows + first, _count, _columns, _sum + first, Math.Min(HeadKernel.Columns, _columns - first));
    }
}

/// <summary>The same for the oracle.</summary>
internal static class RowSums
{
    public static void Add(Parameter vector, ReadOnlySpan<double> sums)
    {
        if (!vector.Trainable)
            return;
        Span<float> gradient = vector.GradientOrZeros().Span;
        for (int i = 0; i < sums.Length; i++)
            gradient[i] += (float)sums[i];
    }
}
