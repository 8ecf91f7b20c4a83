namespace Seriatim.Tensors;

/// <summary>
/// <c>y[n,o] = b[o] + Σ_k x[n,k] W[o,k]</c>, the sum starting from b and going through k = 0, 1, 2, ... with fused
/// multiply-adds, whatever the number of rows (quantised weights: <see cref="DotTile{T}"/>). Backward: <c>dx = dy W</c>, <c>dW += dyᵀ x</c>, <c>db += Σ_n dy[n]</c>.
/// </summary>
/// <remarks>Shapes: x [N, I], W [O, I], b [1, O], y [N, O]. Saved for backward: x.</remarks>
internal static unsafe class LinearOp
{
    public static void Forward<T>(WorkerTeam team, Tensor x, ReadOnlySpan<LinearWeight> weights, Span<Tensor> results)
        where T : struct, ILanes<T>
    {
        foreach (LinearWeight weight in weights)
            Check(x, weight);
        using var rows = new LinearRows<T>(team, x);
        for (int i = 0; i < weights.Length; i++)
            results[i] = Tensor.Create(x.Rows, weights[i].Outputs);
        rows.Multiply(weights, results);
    }

    public static Tensor Backward<T>(WorkerTeam team, Tensor x, LinearWeight weight, Tensor dy)
        where T : struct, ILanes<T>
    {
        CheckBackward(x, weight, dy);
        DenseWeight dense = Dense(weight);
        bool sets = x.Rows > 0 && dense.SetsGradient();
        using (Tensor columns = DenseProduct<T>.PackColumns(team, x.Floats, x.Rows, x.Columns))
            DenseProduct<T>.BackwardWeight(team, columns.Floats, x.Rows, dense, 0, weight.Outputs, dy.Floats, dy.Columns, sets);
        Tensor dx = Tensor.Create(x.Rows, x.Columns);
        using Tensor packed = DenseProduct<T>.PackRows(team, dy.Floats, dy.Rows, dy.Columns);
        DenseProduct<T>.BackwardInput(team, packed.Floats, x.Rows, dense, 0, weight.Outputs, dx.Floats, accumulate: false);
        return dx;
    }

    /// <summary>The weight as a backward pass needs it.</summary>
    /// <exception cref="InvalidOperationException">It is quantised.</exception>
    public static DenseWeight Dense(LinearWeight weight) => weight as DenseWeight ?? throw new InvalidOperationException(
        $"{weight} is in quantised blocks ({weight.Quantized?.Type}), which have no gradient; load the model with its weights as F32 to train it.");

    public static Tensor Reference(Tensor x, LinearWeight weight)
    {
        Check(x, weight);
        Tensor y = Tensor.Create(x.Rows, weight.Outputs);
        float[] row = new float[weight.Inputs];
        for (int o = 0; o < weight.Outputs; o++)
        {
            weight.ReadRow(o, row);
            double bias = weight.Bias is { } b ? b.Data.Span[o] : 0;
            for (int n = 0; n < x.Rows; n++)
            {
                ReadOnlySpan<float> input = x.Row(n);
                double sum = bias;
                for (int k = 0; k < row.Length; k++)
                    sum += (double)input[k] * row[k];
                y.Row(n)[o] = (float)sum;
            }
        }

        return y;
    }

    public static Tensor ReferenceBackward(Tensor x, LinearWeight weight, Tensor dy)
    {
        CheckBackward(x, weight, dy);
        double[] dx = new double[x.Rows * weight.Inputs];
        float[] row = new float[weight.Inputs];
        double[] gradient = new double[weight.Inputs];
        float[] rounded = new float[weight.Inputs];
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

            if (weight.Bias is { Trainable: true } b)
                b.GradientOrZeros().Span[o] += (float)bias;
            if (weight.Matrix is { Trainable: true } matrix)
            {
                for (int k = 0; k < row.Length; k++)
                    rounded[k] = (float)gradient[k];
                matrix.AddGradientRow(o, rounded);
            }
        }

        Tensor result = Tensor.Create(x.Rows, weight.Inputs);
        for (int i = 0; i < dx.Length; i++)
            result.Span[i] = (float)dx[i];
        return result;
    }

    private static void Check(Tensor x, LinearWeight weight) =>
        OpShapes.RequireColumns(x, weight.Inputs, "Linear", "x", weight);

    private static void CheckBackward(Tensor x, LinearWeight weight, Tensor dy)
    {
        Check(x, weight);
        OpShapes.Require(dy, x.Rows, weight.Outputs, "Linear backward", "dy");
    }
}
