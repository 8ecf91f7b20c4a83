using System.Runtime.CompilerServices;

namespace Seriatim.Tensors;

/// <summary>
/// <c>y[n, e] = w[e] · x[n, e]</c> with a learned factor of each feature, or one for all. Backward:
/// <c>dx[n, e] = w[e] dy[n, e]</c>, <c>dw[e] += Σ_n dy[n, e] x[n, e]</c>.
/// </summary>
/// <remarks>Shapes: x, y [N, E], w [1, E] or [1, 1]. Saved for backward: x. Sums over rows go in their order.</remarks>
internal readonly unsafe struct ScaleColumnsOp(Tensor x, Parameter factors) : IOp<ScaleColumnsOp>
{
    public static string Name => "ScaleColumns";

    public OpPart Part => OpPart.Other;

    public int Results => 1;

    public IDisposable? Held => null;

    public (int Rows, int Columns) Shape(int result) => (x.Rows, x.Columns);

    public void Check() => Check(x, factors);

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T> => Run<T>(team, x, factors, results[0]);

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        ReadOnlySpan<float> w = factors.Data.Span;
        for (int i = 0; i < x.Length; i++)
            results[0].Span[i] = x.Span[i] * w[w.Length == 1 ? 0 : i % x.Columns];
    }

    public ScaleColumnsOp Recorded() => this;

    public void Show(OpView to) => to.Operand("x", x).Weight(factors);

    public void Save(ReadOnlySpan<Tensor> results, SavedTensors saved) => saved.Add(x);

    public void Backward(IDifferentiableOps ops, ReadOnlySpan<Tensor> results, ReadOnlySpan<Tensor?> dy, Gradients gradients) =>
        gradients.Add(x, ops.Call(new ScaleColumnsBackwardOp(x, factors, dy[0]!)));

    internal static void Check(Tensor x, Parameter factors) => ShapeMismatchException.Require(
        factors.Rows == 1 && (factors.Columns == 1 || factors.Columns == x.Columns) && factors.Data.Type == DataType.F32
            && factors.Layout == ParameterLayout.RowMajor,
        "ScaleColumns", "the factors", $"{factors}", $"[1, {x.Columns}] or [1, 1] of F32");

    internal static void Run<T>(WorkerTeam team, Tensor x, Parameter factors, Tensor y)
        where T : struct, ILanes<T>
    {
        var work = new Work<T>(x, factors.Data, y);
        team.Run(RowKernel.Pieces(x.Rows, work.PerPiece), ref work);
    }

    private readonly struct Work<T>(Tensor x, Tensor factors, Tensor y) : IWork
        where T : struct, ILanes<T>
    {
        private readonly float* _x = x.Floats;
        private readonly float* _y = y.Floats;
        private readonly float* _factors = factors.Floats;
        private readonly int _rows = x.Rows;
        private readonly int _columns = x.Columns;
        private readonly bool _one = factors.Columns == 1;

        public int PerPiece => RowKernel.RowsPerPiece(_columns);

        public void Do(int piece, int worker)
        {
            for (int n = piece * PerPiece; n < Math.Min(_rows, (piece + 1) * PerPiece); n++)
            {
                long start = (long)n * _columns;
                for (int i = 0; i < _columns; i += 16)
                {
                    int left = _columns - i;
                    T factor = _one ? T.Broadcast(*_factors) : RowKernel.Load<T>(_factors + i, left);
                    RowKernel.Store(factor * RowKernel.Load<T>(_x + start + i, left), _y + start + i, left);
                }
            }
        }
    }
}

/// <summary>Returns dx; adds to the gradient of the factors.</summary>
internal readonly unsafe struct ScaleColumnsBackwardOp(Tensor x, Parameter factors, Tensor dy) : IOpCall
{
    public static string Name => "ScaleColumnsBackward";

    public OpPart Part => OpPart.Other;

    public int Results => 1;

    public (int Rows, int Columns) Shape(int result) => (x.Rows, x.Columns);

    public void Check()
    {
        ScaleColumnsOp.Check(x, factors);
        OpShapes.RequireSame(x, dy, "ScaleColumns backward", "dy");
    }

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T>
    {
        ScaleColumnsOp.Run<T>(team, dy, factors, results[0]);
        if (!factors.Trainable)
            return;
        if (factors.Columns == 1 && x.Columns > 1)
        {
            using Tensor dots = Tensor.Create(x.Rows, 1);
            new RowDotsOp(x, dy, 1).Forward<T>(team, new ReadOnlySpan<Tensor>(in dots));
            RowSums<T>.Run(team, dots, factors);
            return;
        }

        using Tensor products = Tensor.Create(x.Rows, x.Columns);
        ElementKernel<T, Product<T>>.Run(team, default, products, x, dy);
        RowSums<T>.Run(team, products, factors);
    }

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        ReadOnlySpan<float> w = factors.Data.Span;
        double[] sums = new double[w.Length];
        for (int i = 0; i < x.Length; i++)
        {
            int column = w.Length == 1 ? 0 : i % x.Columns;
            results[0].Span[i] = dy.Span[i] * w[column];
            sums[column] += (double)dy.Span[i] * x.Span[i];
        }

        RowSums.Add(factors, sums);
    }

    private readonly struct Product<T> : IElementFunction<T>
        where T : struct, ILanes<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value(T a, T b, T unused) => a * b;
    }
}

public static partial class OpsExtensions
{
    /// <summary>Each feature times a learned factor of its own, or all times one: <c>[N, E] → [N, E]</c>.</summary>
    public static Tensor ScaleColumns(this IOps ops, Tensor x, Parameter factors) => ops.Run(new ScaleColumnsOp(x, factors));
}
