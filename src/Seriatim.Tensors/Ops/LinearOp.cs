namespace Seriatim.Tensors;

/// <summary>
/// <c>y[n,o] = b[o] + Σ_k x[n,k] W[o,k]</c>, the sum starting from b and going through k = 0, 1, 2, ... with fused
/// multiply-adds, whatever the number of rows (quantised weights: <see cref="DotTile{T}"/>). Backward: <c>dx = dy W</c>,
/// <c>dW += dyᵀ x</c>, <c>db += Σ_n dy[n]</c>. Rows of a group have what the weight adds for it (<see cref="GroupedWeight"/>).
/// </summary>
/// <remarks>Shapes: x [N, I], W [O, I], b [1, O], y [N, O]. Saved for backward: x.</remarks>
internal readonly unsafe struct LinearOp(Tensor x, LinearWeight weight, RowGroups? groups) : IOp<LinearOp>
{
    public static string Name => "Linear";

    public OpPart Part => weight.Part;

    public int Results => 1;

    public IDisposable? Held => null;

    public (int Rows, int Columns) Shape(int result) => (x.Rows, weight.Outputs);

    public void Check() => Check(x, weight, groups);

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T> => Forward<T>(team, x, weight, groups, results[0]);

    public void Reference(ReadOnlySpan<Tensor> results) => Reference(x, weight, groups, results[0]);

    public LinearOp Recorded() => this;

    public void Show(OpView to) => to.Operand("x", x).Weight(weight);

    public void Save(ReadOnlySpan<Tensor> results, SavedTensors saved) => saved.Add(x);

    public void Backward(IDifferentiableOps ops, ReadOnlySpan<Tensor> results, ReadOnlySpan<Tensor?> dy, Gradients gradients) =>
        gradients.Add(x, ops.LinearBackward(x, weight, dy[0]!, groups));

    internal static void Check(Tensor x, LinearWeight weight, RowGroups? groups)
    {
        OpShapes.RequireColumns(x, weight.Inputs, "Linear", "x", weight);
        RowGroups.Check(groups, x, "Linear");
    }

    internal static void Forward<T>(WorkerTeam team, Tensor x, LinearWeight weight, RowGroups? groups, Tensor y)
        where T : struct, ILanes<T>
    {
        using var rows = new LinearRows<T>(team, x, groups);
        weight.Multiply(rows, 0, weight.Outputs, y.Floats, weight.Outputs);
        rows.Finish();
    }

    internal static void Reference(Tensor x, LinearWeight weight, RowGroups? groups, Tensor y)
    {
        Reference(x, weight, y);
        foreach (RowGroups.Part part in groups?.Parts ?? [])
        {
            for (int o = 0; o < weight.Outputs; o++)
            {
                int output = o;
                if (weight.TermOf(part.Group, ref output) is not { } term)
                    break;
                float[] row = new float[weight.Inputs];
                term.AddRow(output, row);
                foreach (int n in part.Rows)
                {
                    double sum = y.Row(n)[o];
                    for (int k = 0; k < row.Length; k++)
                        sum += (double)x.Row(n)[k] * row[k];
                    y.Row(n)[o] = (float)sum;
                }
            }
        }
    }

    internal static void Reference(Tensor x, LinearWeight weight, Tensor y)
    {
        float[] row = new float[weight.Inputs];
        for (int o = 0; o < weight.Outputs; o++)
        {
            weight.ReadRow(o, row);
            double bias = weight.BiasOf(o);
            for (int n = 0; n < x.Rows; n++)
            {
                ReadOnlySpan<float> input = x.Row(n);
                double sum = bias;
                for (int k = 0; k < row.Length; k++)
                    sum += (double)input[k] * row[k];
                y.Row(n)[o] = (float)sum;
            }
        }
    }
}

/// <summary>Returns <c>dx = dy W</c>; adds <c>dyᵀ x</c> and the column sums of dy to the gradients of W and b.</summary>
internal readonly unsafe struct LinearBackwardOp(Tensor x, LinearWeight weight, Tensor dy, RowGroups? groups) : IOpCall
{
    public static string Name => "LinearBackward";

    public OpPart Part => weight.Part;

    public int Results => 1;

    public (int Rows, int Columns) Shape(int result) => (x.Rows, x.Columns);

    public void Check()
    {
        LinearOp.Check(x, weight, groups);
        OpShapes.Require(dy, x.Rows, weight.Outputs, "Linear backward", "dy");
    }

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T> => Forward<T>(team, x, weight, dy, groups, results[0]);

    public void Reference(ReadOnlySpan<Tensor> results) => Reference(x, weight, dy, groups, results[0]);

    internal static void Forward<T>(WorkerTeam team, Tensor x, LinearWeight weight, Tensor dy, RowGroups? groups, Tensor dx)
        where T : struct, ILanes<T>
    {
        using var gradients = new LinearRows<T>(team, dy, groups);
        bool? sets = null;
        using (var rows = new LinearRows<T>(team, x, groups))
            weight.BackwardWeight(rows, gradients, 0, ref sets);
        weight.BackwardInput(gradients, 0, dx.Floats, accumulate: false);
    }

    internal static void Reference(Tensor x, LinearWeight weight, Tensor dy, RowGroups? groups, Tensor result)
    {
        Reference(x, weight, dy, result);
        foreach (RowGroups.Part part in groups?.Parts ?? [])
        {
            for (int o = 0; o < weight.Outputs; o++)
            {
                int output = o;
                if (weight.TermOf(part.Group, ref output) is not { } term)
                    break;
                float[] row = new float[weight.Inputs];
                double[] gradient = new double[row.Length];
                term.AddRow(output, row);
                foreach (int n in part.Rows)
                {
                    float d = dy.Row(n)[o];
                    for (int k = 0; k < row.Length; k++)
                    {
                        result.Row(n)[k] += d * row[k];
                        gradient[k] += (double)d * x.Row(n)[k];
                    }
                }

                term.AddGradient(output, gradient);
            }
        }
    }

    internal static void Reference(Tensor x, LinearWeight weight, Tensor dy, Tensor result)
    {
        double[] dx = new double[x.Rows * weight.Inputs];
        float[] row = new float[weight.Inputs];
        double[] gradient = new double[weight.Inputs];
        for (int o = 0; o < weight.Outputs; o++)
        {
            weight.ReadRow(o, row);
            Array.Clear(gradient);
            double bias = 0;
            for (int n = 0; n < x.Rows; n++)
            {
                double d = dy.Row(n)[o];
                bias += d;
                ReadOnlySpan<float> input = x.Row(n);
                for (int k = 0; k < row.Length; k++)
                {
                    dx[n * row.Length + k] += d * row[k];
                    gradient[k] += d * input[k];
                }
            }

            weight.AddGradient(o, gradient, bias);
        }

        for (int i = 0; i < dx.Length; i++)
            result.Span[i] = (float)dx[i];
    }
}

public static partial class OpsExtensions
{
    /// <summary><c>y = x Wᵀ + b</c>: <c>[N, I] → [N, O]</c>.</summary>
    /// <param name="ops">The device, or a tape.</param>
    /// <param name="x">The rows.</param>
    /// <param name="weight">W and b.</param>
    /// <param name="groups">The groups of the rows, for which a <see cref="GroupedWeight"/> has more; null: none.</param>
    public static Tensor Linear(this IOps ops, Tensor x, LinearWeight weight, RowGroups? groups = null) =>
        ops.Run(new LinearOp(x, weight, groups));

    /// <summary>Returns <c>dx = dy W</c>; adds <c>dyᵀ x</c> and the column sums of dy to the gradients of W and b.</summary>
    internal static Tensor LinearBackward(
        this IDifferentiableOps ops, Tensor x, LinearWeight weight, Tensor dy, RowGroups? groups = null) =>
        ops.Call(new LinearBackwardOp(x, weight, dy, groups));
}
