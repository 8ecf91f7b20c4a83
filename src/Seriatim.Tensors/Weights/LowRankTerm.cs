using System.Runtime.CompilerServices;

namespace Seriatim.Tensors;

/// <summary>
/// A product of two narrow matrices that is added to that of a weight: <c>y += (s · x Aᵀ) Bᵀ</c> (Hu et al., 2021: LoRA).
/// Backward, with <c>h = s · x Aᵀ</c> and <c>dh = s · dy B</c>: <c>dB += dyᵀ h</c>, <c>dA += dhᵀ x</c>, <c>dx += dh A</c>.
/// </summary>
/// <remarks>Shapes: A [R, I], B [O, R], h [N, R]. The sums over k and r are complete before they are added to y.</remarks>
internal sealed unsafe class LowRankTerm : IDisposable
{
    /// <param name="weight">What it is added to.</param>
    /// <param name="a">A <c>[rank, Inputs]</c> in panels.</param>
    /// <param name="b">B <c>[Outputs, rank]</c> in panels.</param>
    /// <param name="scale">Factor of the product.</param>
    public LowRankTerm(LinearWeight weight, Parameter a, Parameter b, float scale)
    {
        ShapeMismatchException.Require(a.Columns == weight.Inputs, weight.Name, "the low-rank matrix A", $"{a}",
            $"[rank, {weight.Inputs}]");
        ShapeMismatchException.Require(b.Rows == weight.Outputs && b.Columns == a.Rows, weight.Name,
            "the low-rank matrix B", $"{b}", $"[{weight.Outputs}, {a.Rows}]");
        (A, B, Scale) = (new DenseWeight(a, null), new DenseWeight(b, null), scale);
    }

    public DenseWeight A { get; }

    public DenseWeight B { get; }

    public float Scale { get; }

    public long Bytes => A.Bytes + B.Bytes;

    /// <summary>Adds the product of rows to those of y that have these numbers; none: to all, in order.</summary>
    public void Add<T>(LinearRows<T> x, ReadOnlySpan<int> numbers, int firstOutput, int outputs, float* y, nint yStride)
        where T : struct, ILanes<T>
    {
        using Tensor narrow = Narrow(x);
        using var rows = new LinearRows<T>(x.Team, narrow);
        using Tensor product = Tensor.Create(x.X.Rows, outputs);
        B.Multiply(rows, firstOutput, outputs, product.Floats, outputs);
        AddRows(x.Team, product, numbers, y, yStride);
    }

    /// <summary>Adds the gradient of the input to the rows of dx that have these numbers; none: to all, in order.</summary>
    public void BackwardInput<T>(LinearRows<T> dy, ReadOnlySpan<int> numbers, int firstOutput, float* dx)
        where T : struct, ILanes<T>
    {
        using Tensor narrow = NarrowGradient(dy, firstOutput);
        using var rows = new LinearRows<T>(dy.Team, narrow);
        if (numbers.IsEmpty)
        {
            A.BackwardInput(rows, 0, dx, accumulate: true);
            return;
        }

        using Tensor own = Tensor.Create(narrow.Rows, A.Inputs);
        A.BackwardInput(rows, 0, own.Floats, accumulate: false);
        AddRows(dy.Team, own, numbers, dx, A.Inputs);
    }

    /// <summary>Adds to the gradients of A and B.</summary>
    public void BackwardWeight<T>(LinearRows<T> x, LinearRows<T> dy, int firstOutput, ref bool? sets)
        where T : struct, ILanes<T>
    {
        if (B.Matrix.Trainable)
        {
            using Tensor narrow = Narrow(x);
            using var rows = new LinearRows<T>(x.Team, narrow);
            B.BackwardWeight(rows, dy, firstOutput, ref sets);
        }

        if (!A.Matrix.Trainable)
            return;
        using Tensor gradient = NarrowGradient(dy, firstOutput);
        using var gradients = new LinearRows<T>(x.Team, gradient);
        bool? own = null;
        A.BackwardWeight(x, gradients, 0, ref own);
    }

    /// <summary>Adds the row of the product <c>s B A</c> of an output.</summary>
    public void AddRow(int output, Span<float> row)
    {
        float[] b = new float[A.Outputs], a = new float[row.Length];
        B.ReadRow(output, b);
        for (int r = 0; r < b.Length; r++)
        {
            A.ReadRow(r, a);
            for (int k = 0; k < a.Length; k++)
                row[k] += Scale * b[r] * a[k];
        }
    }

    /// <summary>Adds to the gradients of A and B what the gradient of a row of the whole matrix says.</summary>
    public void AddGradient(int output, ReadOnlySpan<double> gradient)
    {
        // dW = dyᵀ x, so dB = s · dW Aᵀ and dA = s · Bᵀ dW: row by row of dW.
        float[] b = new float[A.Outputs], a = new float[gradient.Length];
        double[] db = new double[b.Length], da = new double[a.Length];
        B.ReadRow(output, b);
        for (int r = 0; r < b.Length; r++)
        {
            A.ReadRow(r, a);
            for (int k = 0; k < a.Length; k++)
            {
                db[r] += Scale * gradient[k] * a[k];
                da[k] = Scale * b[r] * gradient[k];
            }

            DenseWeight.AddGradientRow(A.Matrix, r, da);
        }

        DenseWeight.AddGradientRow(B.Matrix, output, db);
    }

    public void Dispose()
    {
        A.Dispose();
        B.Dispose();
    }

    /// <summary><c>h = s · x Aᵀ</c>.</summary>
    private Tensor Narrow<T>(LinearRows<T> x)
        where T : struct, ILanes<T>
    {
        Tensor narrow = Tensor.Create(x.X.Rows, A.Outputs);
        A.Multiply(x, 0, A.Outputs, narrow.Floats, A.Outputs);
        return Scaled(narrow);
    }

    /// <summary><c>dh = s · dy B</c> over a run of outputs.</summary>
    private Tensor NarrowGradient<T>(LinearRows<T> dy, int firstOutput)
        where T : struct, ILanes<T>
    {
        Tensor narrow = Tensor.Create(dy.X.Rows, A.Outputs);
        B.BackwardInput(dy, firstOutput, narrow.Floats, accumulate: false);
        return Scaled(narrow);
    }

    private Tensor Scaled(Tensor narrow)
    {
        foreach (ref float value in narrow.Span)
            value *= Scale;
        return narrow;
    }

    private static void AddRows(WorkerTeam team, Tensor from, ReadOnlySpan<int> numbers, float* to, nint stride)
    {
        fixed (int* rows = numbers)
        {
            var work = new AddWork { From = from.Floats, To = to, Rows = rows, Stride = stride, Columns = from.Columns };
            team.Run(from.Rows, ref work, from.Length);
        }
    }

    private struct AddWork : IWork
    {
        public float* From;
        public float* To;
        public int* Rows; // null: all, in order
        public nint Stride;
        public int Columns;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Do(int piece, int worker)
        {
            float* from = From + (long)piece * Columns;
            float* to = To + (Rows is null ? piece : Rows[piece]) * Stride;
            for (int i = 0; i < Columns; i++)
                to[i] += from[i];
        }
    }
}
