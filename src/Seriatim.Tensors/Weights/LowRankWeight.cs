using System.Runtime.CompilerServices;

namespace Seriatim.Tensors;

/// <summary>
/// Any other weight and a product of two narrow matrices: <c>y = x Wᵀ + b + (s · x Aᵀ) Bᵀ</c> (Hu et al., 2021: LoRA; over
/// quantised blocks Dettmers et al., 2023: QLoRA). Backward, with <c>h = s · x Aᵀ</c> and <c>dh = s · dy B</c>:
/// <c>dB += dyᵀ h</c>, <c>dA += dhᵀ x</c>, <c>dx = dy W + dh A</c>.
/// </summary>
/// <remarks>Shapes: A [R, I], B [O, R], h [N, R]. The product of low rank is added after the inner weight's sums.</remarks>
internal sealed unsafe class LowRankWeight : LinearWeight
{
    private readonly LinearWeight _inner;
    private readonly DenseWeight _a;
    private readonly DenseWeight _b;
    private readonly float _scale;

    public LowRankWeight(LinearWeight inner, Parameter a, Parameter b, float scale)
        : base(inner.Name, inner.Outputs, inner.Inputs, inner.Bias)
    {
        ShapeMismatchException.Require(a.Columns == inner.Inputs, inner.Name, "the low-rank matrix A", $"{a}",
            $"[rank, {inner.Inputs}]");
        ShapeMismatchException.Require(b.Rows == inner.Outputs && b.Columns == a.Rows, inner.Name,
            "the low-rank matrix B", $"{b}", $"[{inner.Outputs}, {a.Rows}]");
        (_inner, _a, _b, _scale, Part) = (inner, new DenseWeight(a, null), new DenseWeight(b, null), scale, inner.Part);
    }

    public override long Bytes => _inner.Bytes + _a.Bytes + _b.Bytes;

    public override IEnumerable<Parameter> Parameters => [.. _inner.Parameters, _a.Matrix, _b.Matrix];

    public override LinearWeight WithBias(Parameter? bias) =>
        new LowRankWeight(_inner.WithBias(bias), _a.Matrix, _b.Matrix, _scale);

    public override void ReadRow(int output, Span<float> row)
    {
        _inner.ReadRow(output, row);
        float[] b = new float[_a.Outputs], a = new float[Inputs];
        _b.ReadRow(output, b);
        for (int r = 0; r < b.Length; r++)
        {
            _a.ReadRow(r, a);
            for (int k = 0; k < a.Length; k++)
                row[k] += _scale * b[r] * a[k];
        }
    }

    internal override void Multiply<T>(LinearRows<T> x, int firstOutput, int outputs, float* y, nint yStride)
    {
        _inner.Multiply(x, firstOutput, outputs, y, yStride);
        x.Finish();
        using Tensor narrow = Narrow(x);
        using var rows = new LinearRows<T>(x.Team, narrow);
        using Tensor product = Tensor.Create(x.X.Rows, outputs);
        _b.Multiply(rows, firstOutput, outputs, product.Floats, outputs);
        var work = new AddWork { From = product.Floats, To = y, Stride = yStride, Columns = outputs };
        x.Team.Run(x.X.Rows, ref work, (long)x.X.Rows * outputs);
    }

    internal override void BackwardInput<T>(LinearRows<T> dy, int firstOutput, float* dx, bool accumulate)
    {
        _inner.BackwardInput(dy, firstOutput, dx, accumulate);
        using Tensor narrow = NarrowGradient(dy, firstOutput);
        using var rows = new LinearRows<T>(dy.Team, narrow);
        _a.BackwardInput(rows, 0, dx, accumulate: true);
    }

    internal override void BackwardWeight<T>(LinearRows<T> x, LinearRows<T> dy, int firstOutput, ref bool? sets)
    {
        // A weight that holds another is trained instead of it, so what has to be known from run to run is that of B.
        if (_b.Matrix.Trainable)
        {
            using Tensor narrow = Narrow(x);
            using var rows = new LinearRows<T>(x.Team, narrow);
            _b.BackwardWeight(rows, dy, firstOutput, ref sets);
        }

        if (_a.Matrix.Trainable)
        {
            using Tensor narrow = NarrowGradient(dy, firstOutput);
            using var rows = new LinearRows<T>(x.Team, narrow);
            bool? own = null;
            _a.BackwardWeight(x, rows, 0, ref own);
        }

        foreach (Parameter parameter in _inner.Parameters)
        {
            if (!parameter.Trainable)
                continue;
            if (parameter != Bias)
            {
                throw new InvalidOperationException(
                    $"{parameter} is trainable below a low-rank matrix; freeze it (Trainable = false) or train it alone.");
            }
            bool? unused = null;
            _inner.BackwardWeight(x, dy, firstOutput, ref unused);
        }
    }

    internal override float BiasOf(int output) => _inner.BiasOf(output);

    internal override void AddGradient(int output, ReadOnlySpan<double> gradient, double bias)
    {
        base.AddGradient(output, gradient, bias);
        // dW = dyᵀ x, so dB = s · dW Aᵀ and dA = s · Bᵀ dW: row by row of dW.
        float[] b = new float[_a.Outputs], a = new float[Inputs];
        double[] db = new double[b.Length], da = new double[a.Length];
        _b.ReadRow(output, b);
        for (int r = 0; r < b.Length; r++)
        {
            _a.ReadRow(r, a);
            for (int k = 0; k < a.Length; k++)
            {
                db[r] += _scale * gradient[k] * a[k];
                da[k] = _scale * b[r] * gradient[k];
            }

            DenseWeight.AddGradientRow(_a.Matrix, r, da);
        }

        DenseWeight.AddGradientRow(_b.Matrix, output, db);
    }

    public override void Dispose()
    {
        _inner.Dispose();
        _a.Dispose();
        _b.Dispose();
    }

    /// <summary><c>h = s · x Aᵀ</c>.</summary>
    private Tensor Narrow<T>(LinearRows<T> x)
        where T : struct, ILanes<T>
    {
        Tensor narrow = Tensor.Create(x.X.Rows, _a.Outputs);
        _a.Multiply(x, 0, _a.Outputs, narrow.Floats, _a.Outputs);
        return Scaled(narrow);
    }

    /// <summary><c>dh = s · dy B</c> over a run of outputs.</summary>
    private Tensor NarrowGradient<T>(LinearRows<T> dy, int firstOutput)
        where T : struct, ILanes<T>
    {
        Tensor narrow = Tensor.Create(dy.X.Rows, _a.Outputs);
        _b.BackwardInput(dy, firstOutput, narrow.Floats, accumulate: false);
        return Scaled(narrow);
    }

    private Tensor Scaled(Tensor narrow)
    {
        foreach (ref float value in narrow.Span)
            value *= _scale;
        return narrow;
    }

    private struct AddWork : IWork
    {
        public float* From;
        public float* To;
        public nint Stride;
        public int Columns;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Do(int piece, int worker)
        {
            float* from = From + (long)piece * Columns;
            float* to = To + piece * Stride;
            for (int i = 0; i < Columns; i++)
                to[i] += from[i];
        }
    }
}
