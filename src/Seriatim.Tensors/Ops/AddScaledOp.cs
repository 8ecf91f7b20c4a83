namespace Seriatim.Tensors;

/// <summary>
/// <c>y_h = a_h + d_h x_h</c> with a trained number of each head: the skip of state space models (Gu and Dao, 2023). Backward:
/// <c>da = dy</c>, <c>dx_h = d_h dy_h</c>, <c>dd_h += Σ_n x_h · dy_h</c>.
/// </summary>
/// <remarks>Shapes: a, x, y <c>[N, H·D]</c>, d <c>[1, H]</c>. Saved for backward: x.</remarks>
internal readonly unsafe struct AddScaledOp(Tensor a, Tensor x, Parameter scales) : IOp<AddScaledOp>
{
    public static string Name => "AddScaled";

    public OpPart Part => OpPart.Attention;

    public int Results => 1;

    public IDisposable? Held => null;

    public (int Rows, int Columns) Shape(int result) => (x.Rows, x.Columns);

    public void Check()
    {
        OpShapes.RequireSame(a, x, Name, "x");
        Check(x, scales);
    }

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T>
    {
        var work = new Work<T>(a, x, results[0], scales);
        team.Run(x.Rows, ref work, x.Length);
    }

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        int width = x.Columns / scales.Columns;
        for (int i = 0; i < x.Length; i++)
        {
            int head = (int)(i % x.Columns) / width;
            results[0].Span[i] = (float)(a.Span[i] + (double)scales.Data.Span[head] * x.Span[i]);
        }
    }

    public AddScaledOp Recorded() => this;

    public void Show(OpView to) => to.Operand("a", a).Operand("x", x).Weight(scales);

    public void Save(ReadOnlySpan<Tensor> results, SavedTensors saved) => saved.Add(x);

    public void Backward(IDifferentiableOps ops, ReadOnlySpan<Tensor> results, ReadOnlySpan<Tensor?> dy, Gradients gradients)
    {
        gradients.Add(a, dy[0]!.Retain());
        gradients.Add(x, ops.Call(new AddScaledBackwardOp(x, scales, dy[0]!)));
    }

    internal static void Check(Tensor x, Parameter scales)
    {
        ShapeMismatchException.Require(scales.Rows == 1 && x.Columns % scales.Columns == 0, Name, "the numbers of heads",
            $"{scales}", $"[1, H] with {x.Columns} columns a multiple of H");
    }

    private readonly struct Work<T>(Tensor a, Tensor x, Tensor y, Parameter scales) : IWork
        where T : struct, ILanes<T>
    {
        private readonly float* _a = a.Floats;
        private readonly float* _x = x.Floats;
        private readonly float* _y = y.Floats;
        private readonly float* _scales = scales.Data.Floats;
        private readonly int _heads = scales.Columns;
        private readonly int _columns = x.Columns;

        public void Do(int piece, int worker)
        {
            long at = (long)piece * _columns;
            HeadKernel.AddScaled<T>(_a + at, _x + at, _scales, _y + at, _heads, _columns / _heads);
        }
    }
}

/// <summary>Returns dx; adds to the gradient of the numbers of heads.</summary>
internal readonly unsafe struct AddScaledBackwardOp(Tensor x, Parameter scales, Tensor dy) : IOpCall
{
    public static string Name => "AddScaledBackward";

    public OpPart Part => OpPart.Attention;

    public int Results => 1;

    public (int Rows, int Columns) Shape(int result) => (x.Rows, x.Columns);

    public void Check()
    {
        OpShapes.RequireSame(x, dy, "AddScaled backward", "dy");
        AddScaledOp.Check(x, scales);
    }

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T>
    {
        using Tensor shares = Tensor.Create(x.Rows, scales.Columns);
        var work = new Work<T>(x, dy, results[0], (scales, shares));
        team.Run(x.Rows, ref work, x.Length);
        RowSums<T>.Run(team, shares, scales);
    }

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        int width = x.Columns / scales.Columns;
        double[] sums = new double[scales.Columns];
        for (int i = 0; i < x.Length; i++)
        {
            int head = (int)(i % x.Columns) / width;
            results[0].Span[i] = (float)((double)scales.Data.Span[head] * dy.Span[i]);
            sums[head] += (double)x.Span[i] * dy.Span[i];
        }

        RowSums.Add(scales, sums);
    }

    private readonly struct Work<T>(Tensor x, Tensor dy, Tensor dx, (Parameter Scales, Tensor Shares) heads) : IWork
        where T : struct, ILanes<T>
    {
        private readonly float* _x = x.Floats;
        private readonly float* _dy = dy.Floats;
        private readonly float* _dx = dx.Floats;
        private readonly float* _scales = heads.Scales.Data.Floats;
        private readonly float* _shares = heads.Shares.Floats;
        private readonly int _heads = heads.Scales.Columns;
        private readonly int _columns = x.Columns;

        public void Do(int piece, int worker)
        {
            long at = (long)piece * _columns;
            HeadKernel.Scale<T>(_dy + at, _scales, _dx + at, _heads, _columns / _heads);
            HeadKernel.Dot<T>(_x + at, _dy + at, _shares + (long)piece * _heads, _heads, _columns / _heads);
        }
    }
}

public static partial class OpsExtensions
{
    /// <summary><c>a + d x</c> with one trained number of each head: a, x <c>[N, H·D] → [N, H·D]</c>.</summary>
    /// <param name="ops">The ops.</param>
    /// <param name="a">What is added to.</param>
    /// <param name="x">What is scaled.</param>
    /// <param name="scales">d, <c>[1, H]</c>.</param>
    public static Tensor AddScaled(this IOps ops, Tensor a, Tensor x, Parameter scales) =>
        ops.Run(new AddScaledOp(a, x, scales));
}
