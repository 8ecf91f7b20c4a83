namespace Seriatim.Tensors;

/// <summary>
/// <c>loss_n = (1-ε)(L_n - z_n[label]) + ε (L_n - mean_v z_n[v])</c> with <c>z = cap(hidden Wᵀ + b)</c> and <c>L_n = log Σ_v exp z_n[v]</c>.
/// Backward: <c>dz_n[v] = (exp(z_n[v] - L_n) - (1-ε)[v = label] - ε/V) · dloss_n</c>, then as a linear layer.
/// </summary>
/// <remarks>
/// Shapes: hidden [N, E], W [V, E], labels [N]; loss [1, 1] or [N, 1]; log-sum-exp [N, 1]. Saved for backward: hidden and the
/// log-sum-exp. Ignored rows have loss 0 and no gradient. (Label smoothing: Szegedy et al., 2016.)
/// </remarks>
internal static unsafe class CrossEntropyOp
{
    public static Tensor Reference(
        Tensor hidden, LinearWeight head, ReadOnlySpan<int> labels, CrossEntropyOptions options, out Tensor logSumExp)
    {
        Check(hidden, head, labels, options);
        double[] z = Logits(hidden, head, options.SoftCap);
        logSumExp = Tensor.Create(hidden.Rows, 1);
        using Tensor losses = Tensor.Create(hidden.Rows, 1);
        int v = head.Outputs;
        for (int n = 0; n < hidden.Rows; n++)
        {
            ReadOnlySpan<double> row = z.AsSpan(n * v, v);
            double max = double.NegativeInfinity;
            double mean = 0;
            foreach (double value in row)
            {
                max = Math.Max(max, value);
                mean += value / v;
            }

            double sum = 0;
            foreach (double value in row)
                sum += Math.Exp(value - max);
            double lse = max + Math.Log(sum);
            logSumExp.Span[n] = (float)lse;
            losses.Span[n] = labels[n] == options.IgnoreLabel
                ? 0
                : (float)((1 - options.LabelSmoothing) * (lse - row[labels[n]]) + options.LabelSmoothing * (lse - mean));
        }

        return Reduce(losses, labels, options);
    }

    public static Tensor ReferenceBackward(
        Tensor hidden, LinearWeight head, ReadOnlySpan<int> labels, CrossEntropyOptions options, Tensor logSumExp, Tensor dloss)
    {
        Check(hidden, head, labels, options);
        double[] z = Logits(hidden, head, options.SoftCap);
        int v = head.Outputs;
        using Tensor dlogits = Tensor.Zeros(hidden.Rows, v);
        for (int n = 0; n < hidden.Rows; n++)
        {
            double d = RowGradient(labels, options, dloss, n);
            if (labels[n] == options.IgnoreLabel)
                continue;
            for (int i = 0; i < v; i++)
            {
                double value = z[(long)n * v + i];
                double target = (i == labels[n] ? 1 - options.LabelSmoothing : 0) + options.LabelSmoothing / v;
                double slope = options.SoftCap > 0 ? 1 - value / options.SoftCap * (value / options.SoftCap) : 1;
                dlogits.Row(n)[i] = (float)((Math.Exp(value - logSumExp.Span[n]) - target) * slope * d);
            }
        }

        return LinearOp.ReferenceBackward(hidden, head, dlogits);
    }

    /// <summary>The gradient of one row's loss: that of the reduced loss, divided by the rows that count if it is a mean.</summary>
    public static float RowGradient(ReadOnlySpan<int> labels, CrossEntropyOptions options, Tensor dloss, int row) => options.Reduction switch
    {
        LossReduction.None => dloss.Span[row],
        LossReduction.Sum => dloss.Span[0],
        _ => dloss.Span[0] / Math.Max(1, Counted(labels, options)),
    };

    /// <summary>Reduces the losses of rows, in double and in the order of the rows.</summary>
    public static Tensor Reduce(Tensor losses, ReadOnlySpan<int> labels, CrossEntropyOptions options)
    {
        if (options.Reduction == LossReduction.None)
            return losses.Retain();
        double sum = 0;
        foreach (float loss in losses.Span)
            sum += loss;
        if (options.Reduction == LossReduction.Mean)
            sum /= Math.Max(1, Counted(labels, options));
        return Tensor.From([(float)sum], 1, 1);
    }

    public static void Check(Tensor hidden, LinearWeight head, ReadOnlySpan<int> labels, CrossEntropyOptions options)
    {
        OpShapes.RequireColumns(hidden, head.Inputs, "CrossEntropy", "hidden", $"the inputs of {head}");
        ShapeMismatchException.Require(labels.Length == hidden.Rows, "CrossEntropy", "labels", $"{labels.Length} long", $"{hidden.Rows}, the rows of hidden,");
        if (options.LabelSmoothing is < 0 or >= 1 or float.NaN)
            throw new ArgumentOutOfRangeException(nameof(options), $"CrossEntropy: label smoothing is {options.LabelSmoothing}; it must be in [0, 1).");
        foreach (int label in labels)
        {
            if (label != options.IgnoreLabel && (uint)label >= (uint)head.Outputs)
            {
                throw new ArgumentOutOfRangeException(nameof(labels),
                    $"CrossEntropy: label {label} is neither in the vocabulary (0 to {head.Outputs - 1}) nor the ignored label {options.IgnoreLabel}.");
            }
        }
    }

    private static int Counted(ReadOnlySpan<int> labels, CrossEntropyOptions options) => labels.Length - labels.Count(options.IgnoreLabel);

    private static double[] Logits(Tensor hidden, LinearWeight head, float softCap)
    {
        double[] z = new double[(long)hidden.Rows * head.Outputs];
        float[] row = new float[head.Inputs];
        for (int o = 0; o < head.Outputs; o++)
        {
            head.ReadRow(o, row);
            for (int n = 0; n < hidden.Rows; n++)
            {
                double sum = head.Bias is { } bias ? bias.Data.Span[o] : 0;
                ReadOnlySpan<float> input = hidden.Row(n);
                for (int k = 0; k < row.Length; k++)
                    sum += (double)input[k] * row[k];
                z[(long)n * head.Outputs + o] = softCap > 0 ? softCap * Math.Tanh(sum / softCap) : sum;
            }
        }

        return z;
    }
}
