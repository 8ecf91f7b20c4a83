namespace Seriatim.Tensors;

/// <summary>
/// <c>loss_n = (1-ε)(L_n - z_n[label]) + ε (L_n - mean_v z_n[v])</c> with <c>z = cap(hidden Wᵀ + b)</c> and <c>L_n = log Σ_v exp z_n[v]</c>.
/// Backward: <c>dz_n[v] = (exp(z_n[v] - L_n) - (1-ε)[v = label] - ε/V) · dloss_n</c>, then as a linear layer.
/// </summary>
/// <remarks>
/// Shapes: hidden [N, E], W [V, E], labels [N]; loss [1, 1] or [N, 1]; log-sum-exp [N, 1]. Saved for backward: hidden, the
/// log-sum-exp and as many logits as a <see cref="CrossEntropyState"/> holds. Ignored rows have loss 0 and no gradient. (Label smoothing: Szegedy et al., 2016.)
/// </remarks>
internal static unsafe class CrossEntropyOp
{
    /// <summary>Entries of the vocabulary in one piece; part of the order of the sums, so a constant.</summary>
    private const int Chunk = 4096;

    public static Tensor Forward<T>(WorkerTeam team, Tensor hidden, LinearWeight head, ReadOnlySpan<int> labels, CrossEntropyOptions options)
        where T : struct, ILanes<T>
    {
        Check(hidden, head, labels, options);
        return Forward<T>(team, hidden, head, labels, options, null);
    }

    /// <summary>As the other, and keeps what the backward pass needs.</summary>
    public static Tensor Forward<T>(
        WorkerTeam team, Tensor hidden, LinearWeight head, ReadOnlySpan<int> labels, CrossEntropyOptions options, out CrossEntropyState state)
        where T : struct, ILanes<T>
    {
        Check(hidden, head, labels, options);
        state = new CrossEntropyState(Tensor.Create(hidden.Rows, 1));
        return Forward<T>(team, hidden, head, labels, options, state);
    }

    private static Tensor Forward<T>(
        WorkerTeam team, Tensor hidden, LinearWeight head, ReadOnlySpan<int> labels, CrossEntropyOptions options, CrossEntropyState? state)
        where T : struct, ILanes<T>
    {
        int rows = hidden.Rows;
        using Tensor losses = Tensor.Create(rows, 1);
        using Tensor maxima = Tensor.Create(rows, 1);
        using Tensor sums = Tensor.Zeros(rows, 16);
        using Tensor totals = Tensor.Zeros(rows, 16);
        using Tensor target = Tensor.Zeros(rows, 1);
        maxima.Span.Fill(float.NegativeInfinity);
        fixed (int* labelsPointer = labels)
        {
            var kernel = new CrossEntropyKernel<T>
            {
                Labels = labelsPointer,
                Maxima = maxima.Floats,
                Sums = sums.Floats,
                Totals = totals.Floats,
                Target = target.Floats,
            };
            ForEachChunk(team, hidden, head, options, ref kernel, null, (logits, _, _) => state?.Keep(logits));
        }

        for (int n = 0; n < rows; n++)
        {
            float lse = maxima.Span[n] + LaneMath<T>.Log(T.Sum(T.Load(sums.Floats + n * 16)));
            float mean = T.Sum(T.Load(totals.Floats + n * 16)) / head.Outputs;
            if (state is not null)
                state.LogSumExp.Span[n] = lse;
            losses.Span[n] = labels[n] == options.IgnoreLabel
                ? 0
                : (1 - options.LabelSmoothing) * (lse - target.Span[n]) + options.LabelSmoothing * (lse - mean);
        }

        return Reduce(losses, labels, options);
    }

    public static Tensor Backward<T>(
        WorkerTeam team, Tensor hidden, DenseWeight head, ReadOnlySpan<int> labels, CrossEntropyOptions options, CrossEntropyState state, Tensor dloss)
        where T : struct, ILanes<T>
    {
        Check(hidden, head, labels, options);
        using Tensor gradients = Tensor.Zeros(hidden.Rows, 1);
        int counted = Counted(labels, options);
        for (int n = 0; n < hidden.Rows; n++)
        {
            if (labels[n] != options.IgnoreLabel)
                gradients.Span[n] = RowGradient(counted, options, dloss, n);
        }

        Tensor dhidden = Tensor.Zeros(hidden.Rows, hidden.Columns);
        fixed (int* labelsPointer = labels)
        {
            var kernel = new CrossEntropyKernel<T>
            {
                Labels = labelsPointer,
                LogSumExp = state.LogSumExp.Floats,
                Gradients = gradients.Floats,
            };
            bool sets = hidden.Rows > 0 && head.SetsGradient();
            using Tensor columns = DenseProduct<T>.PackColumns(team, hidden.Floats, hidden.Rows, hidden.Columns);
            ForEachChunk(team, hidden, head, options, ref kernel, state, (logits, firstPanel, count) =>
            {
                using Tensor packed = DenseProduct<T>.PackRows(team, logits.Floats, logits.Rows, count);
                DenseProduct<T>.BackwardInput(team, packed.Floats, logits.Rows, head, firstPanel, count, dhidden.Floats, accumulate: true);
                DenseProduct<T>.BackwardWeight(team, columns.Floats, logits.Rows, head, firstPanel, count, logits.Floats, count, sets);
            });
        }

        return dhidden;
    }

    /// <summary>Takes or computes the logits of each piece of the vocabulary, runs the kernel over them, then <paramref name="then"/>.</summary>
    private static void ForEachChunk<T>(
        WorkerTeam team, Tensor hidden, LinearWeight head, CrossEntropyOptions options, ref CrossEntropyKernel<T> kernel,
        CrossEntropyState? kept, Action<Tensor, int, int> then)
        where T : struct, ILanes<T>
    {
        using var rows = new LinearRows<T>(team, hidden);
        kernel.Rows = hidden.Rows;
        kernel.Vocabulary = head.Outputs;
        kernel.SoftCap = options.SoftCap;
        kernel.Smoothing = options.LabelSmoothing;
        for (int first = 0; first < head.Outputs; first += Chunk)
        {
            int count = Math.Min(Chunk, head.Outputs - first);
            int firstPanel = first / Parameter.PanelRows;
            Tensor? taken = kept?.Take();
            using Tensor logits = taken ?? Tensor.Create(hidden.Rows, count);
            if (taken is null)
                rows.Multiply(head, first, count, logits.Floats, count);
            kernel.Logits = logits.Floats;
            kernel.Stride = count;
            kernel.FirstLabel = first;
            kernel.Count = count;
            kernel.PerPiece = RowKernel.RowsPerPiece(count);
            team.Run(RowKernel.Pieces(hidden.Rows, kernel.PerPiece), ref kernel);
            then(logits, firstPanel, count);
        }
    }

    public static Tensor Reference(
        Tensor hidden, LinearWeight head, ReadOnlySpan<int> labels, CrossEntropyOptions options, out CrossEntropyState state)
    {
        Check(hidden, head, labels, options);
        double[] z = Logits(hidden, head, options.SoftCap);
        state = new CrossEntropyState(Tensor.Create(hidden.Rows, 1));
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
            state.LogSumExp.Span[n] = (float)lse;
            losses.Span[n] = labels[n] == options.IgnoreLabel
                ? 0
                : (float)((1 - options.LabelSmoothing) * (lse - row[labels[n]]) + options.LabelSmoothing * (lse - mean));
        }

        return Reduce(losses, labels, options);
    }

    public static Tensor ReferenceBackward(
        Tensor hidden, LinearWeight head, ReadOnlySpan<int> labels, CrossEntropyOptions options, CrossEntropyState state, Tensor dloss)
    {
        Check(hidden, head, labels, options);
        double[] z = Logits(hidden, head, options.SoftCap);
        int v = head.Outputs;
        using Tensor dlogits = Tensor.Zeros(hidden.Rows, v);
        int counted = Counted(labels, options);
        for (int n = 0; n < hidden.Rows; n++)
        {
            double d = RowGradient(counted, options, dloss, n);
            if (labels[n] == options.IgnoreLabel)
                continue;
            for (int i = 0; i < v; i++)
            {
                double value = z[(long)n * v + i];
                double target = (i == labels[n] ? 1 - options.LabelSmoothing : 0) + options.LabelSmoothing / v;
                double slope = options.SoftCap > 0 ? 1 - value / options.SoftCap * (value / options.SoftCap) : 1;
                dlogits.Row(n)[i] = (float)((Math.Exp(value - state.LogSumExp.Span[n]) - target) * slope * d);
            }
        }

        return LinearOp.ReferenceBackward(hidden, head, dlogits);
    }

    /// <summary>The gradient of one row's loss: that of the reduced loss, divided by the rows that count if it is a mean.</summary>
    private static float RowGradient(int counted, CrossEntropyOptions options, Tensor dloss, int row) => options.Reduction switch
    {
        LossReduction.None => dloss.Span[row],
        LossReduction.Sum => dloss.Span[0],
        _ => dloss.Span[0] / Math.Max(1, counted),
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
        OpShapes.RequireColumns(hidden, head.Inputs, "CrossEntropy", "hidden", head);
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
