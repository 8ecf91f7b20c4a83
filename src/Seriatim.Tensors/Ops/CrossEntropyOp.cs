namespace Seriatim.Tensors;

/// <summary>
/// <c>loss_n = (1-ε)(L_n - z_n[label]) + ε (L_n - mean_v z_n[v])</c> with
/// <c>z = cap(hidden Wᵀ + b)</c> and <c>L_n = log Σ_v exp z_n[v]</c>.
/// Backward: <c>dz_n[v] = (exp(z_n[v] - L_n) - (1-ε)[v = label] - ε/V) · dloss_n</c>, then as a linear layer.
/// </summary>
/// <remarks>
/// Shapes: hidden [N, E], W [V, E], labels [N]; loss [1, 1] or [N, 1]; log-sum-exp [N, 1]. Saved for backward: hidden, the
/// log-sum-exp and as many logits as a <see cref="CrossEntropyState"/> holds. Ignored rows have loss 0 and no gradient.
/// (Label smoothing: Szegedy et al., 2016.)
/// </remarks>
internal readonly unsafe struct CrossEntropyOp(
    Tensor hidden, LinearWeight head, ReadOnlyMemory<int> labels, CrossEntropyOptions options, CrossEntropyState? state = null)
    : IOp<CrossEntropyOp>
{
    public static string Name => "CrossEntropy";

    public OpPart Part => OpPart.Projection;

    /// <summary>The loss; recorded, the log-sum-exp of each row too.</summary>
    public int Results => state is null ? 1 : 2;

    public IDisposable? Held => state;

    public (int Rows, int Columns) Shape(int result) =>
        (result == 0 && options.Reduction != LossReduction.None ? 1 : hidden.Rows, 1);

    public void Check() => CrossEntropyMath.Check(hidden, head, labels.Span, options);

    public CrossEntropyOp Recorded() => new(hidden, head, labels, options, new CrossEntropyState());

    public void Show(OpView to) => to.Operand("x", hidden).Weight(head);

    public void Save(ReadOnlySpan<Tensor> results, SavedTensors saved)
    {
        saved.Add(hidden);
        saved.Add(results[1]);
    }

    public void Backward(IDifferentiableOps ops, ReadOnlySpan<Tensor> results, ReadOnlySpan<Tensor?> dy, Gradients gradients) =>
        gradients.Add(hidden, ops.Call(new CrossEntropyBackwardOp(hidden, head, labels, options, state!, results[1], dy[0]!)));

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T>
    {
        int rows = hidden.Rows;
        CrossEntropyState? kept = state;
        using Tensor losses = Tensor.Create(rows, 1);
        using Tensor maxima = Tensor.Create(rows, 1);
        using Tensor sums = Tensor.Zeros(rows, 16);
        using Tensor totals = Tensor.Zeros(rows, 16);
        using Tensor target = Tensor.Zeros(rows, 1);
        maxima.Span.Fill(float.NegativeInfinity);
        ReadOnlySpan<int> targets = labels.Span;
        fixed (int* labelsPointer = targets)
        {
            var kernel = new CrossEntropyKernel<T>
            {
                Labels = labelsPointer,
                Maxima = maxima.Floats,
                Sums = sums.Floats,
                Totals = totals.Floats,
                Target = target.Floats,
            };
            CrossEntropyMath.ForEachChunk(team, hidden, head, options, ref kernel, null, (logits, _) => kept?.Keep(logits));
        }

        for (int n = 0; n < rows; n++)
        {
            float lse = maxima.Span[n] + LaneMath<T>.Log(T.Sum(T.Load(sums.Floats + n * 16)));
            float mean = T.Sum(T.Load(totals.Floats + n * 16)) / head.Outputs;
            if (results.Length > 1)
                results[1].Span[n] = lse;
            losses.Span[n] = targets[n] == options.IgnoreLabel
                ? 0
                : (1 - options.LabelSmoothing) * (lse - target.Span[n]) + options.LabelSmoothing * (lse - mean);
        }

        CrossEntropyMath.Reduce(losses.Span, targets, options, results[0]);
    }

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        double[] z = CrossEntropyMath.Logits(hidden, head, options.SoftCap);
        float[] losses = new float[hidden.Rows];
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
            if (results.Length > 1)
                results[1].Span[n] = (float)lse;
            int label = labels.Span[n];
            losses[n] = label == options.IgnoreLabel
                ? 0
                : (float)((1 - options.LabelSmoothing) * (lse - row[label]) + options.LabelSmoothing * (lse - mean));
        }

        CrossEntropyMath.Reduce(losses, labels.Span, options, results[0]);
    }
}

/// <summary>
/// Returns the gradient of hidden; adds to the gradients of the head. dloss has the shape of the
/// loss. Uses up the kept logits of the state.
/// </summary>
internal readonly unsafe struct CrossEntropyBackwardOp(
    Tensor hidden, LinearWeight head, ReadOnlyMemory<int> labels, CrossEntropyOptions options, CrossEntropyState state,
    Tensor logSumExp, Tensor dloss) : IOpCall
{
    public static string Name => "CrossEntropyBackward";

    public OpPart Part => OpPart.Projection;

    public int Results => 1;

    public (int Rows, int Columns) Shape(int result) => (hidden.Rows, hidden.Columns);

    public void Check()
    {
        CrossEntropyMath.Check(hidden, head, labels.Span, options);
        OpShapes.Require(logSumExp, hidden.Rows, 1, "CrossEntropy backward", "the log-sum-exp");
        OpShapes.Require(dloss, options.Reduction == LossReduction.None ? hidden.Rows : 1, 1, "CrossEntropy backward", "dloss");
    }

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T>
    {
        Tensor dhidden = results[0];
        LinearWeight weight = head;
        dhidden.Span.Clear();
        using Tensor gradients = Tensor.Zeros(hidden.Rows, 1);
        ReadOnlySpan<int> targets = labels.Span;
        int counted = CrossEntropyMath.Counted(targets, options);
        for (int n = 0; n < hidden.Rows; n++)
        {
            if (targets[n] != options.IgnoreLabel)
                gradients.Span[n] = CrossEntropyMath.RowGradient(counted, options, dloss, n);
        }

        fixed (int* labelsPointer = targets)
        {
            var kernel = new CrossEntropyKernel<T>
            {
                Labels = labelsPointer,
                LogSumExp = logSumExp.Floats,
                Gradients = gradients.Floats,
            };
            bool? sets = null;
            using var rows = new LinearRows<T>(team, hidden);
            CrossEntropyMath.ForEachChunk(team, hidden, head, options, ref kernel, state, (logits, first) =>
            {
                using var slopes = new LinearRows<T>(team, logits);
                weight.BackwardInput(slopes, first, dhidden.Floats, accumulate: true);
                weight.BackwardWeight(rows, slopes, first, ref sets);
            });
        }
    }

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        double[] z = CrossEntropyMath.Logits(hidden, head, options.SoftCap);
        int v = head.Outputs;
        using Tensor dlogits = Tensor.Zeros(hidden.Rows, v);
        ReadOnlySpan<int> targets = labels.Span;
        int counted = CrossEntropyMath.Counted(targets, options);
        for (int n = 0; n < hidden.Rows; n++)
        {
            double d = CrossEntropyMath.RowGradient(counted, options, dloss, n);
            if (targets[n] == options.IgnoreLabel)
                continue;
            for (int i = 0; i < v; i++)
            {
                double value = z[(long)n * v + i];
                double target = (i == targets[n] ? 1 - options.LabelSmoothing : 0) + options.LabelSmoothing / v;
                double slope = options.SoftCap > 0 ? 1 - value / options.SoftCap * (value / options.SoftCap) : 1;
                dlogits.Row(n)[i] = (float)((Math.Exp(value - logSumExp.Span[n]) - target) * slope * d);
            }
        }

        LinearBackwardOp.Reference(hidden, head, dlogits, results[0]);
    }
}

/// <summary>What both directions of the cross-entropy share.</summary>
internal static unsafe class CrossEntropyMath
{
    /// <summary>Entries of the vocabulary in one piece; part of the order of the sums, so a constant.</summary>
    private const int Chunk = 4096;

    /// <summary>
    /// Takes or computes the logits of each piece of the vocabulary, runs the kernel over them, then <paramref name="then"/>.
    /// </summary>
    public static void ForEachChunk<T>(
        WorkerTeam team, Tensor hidden, LinearWeight head, CrossEntropyOptions options, ref CrossEntropyKernel<T> kernel,
        CrossEntropyState? kept, Action<Tensor, int> then)
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
            Tensor? taken = kept?.Take();
            using Tensor logits = taken ?? Tensor.Create(hidden.Rows, count);
            if (taken is null)
            {
                head.Multiply(rows, first, count, logits.Floats, count);
                rows.Finish();
            }

            kernel.Logits = logits.Floats;
            kernel.Stride = count;
            kernel.FirstLabel = first;
            kernel.Count = count;
            kernel.PerPiece = RowKernel.RowsPerPiece(count);
            team.Run(RowKernel.Pieces(hidden.Rows, kernel.PerPiece), ref kernel);
            then(logits, first);
        }
    }

    /// <summary>
    /// The gradient of one row's loss: that of the reduced loss, divided by the rows that count if it is a mean.
    /// </summary>
    public static float RowGradient(int counted, CrossEntropyOptions options, Tensor dloss, int row) => options.Reduction switch
    {
        LossReduction.None => dloss.Span[row],
        LossReduction.Sum => dloss.Span[0],
        _ => dloss.Span[0] / Math.Max(1, counted),
    };

    /// <summary>Reduces the losses of rows, in double and in the order of the rows.</summary>
    public static void Reduce(ReadOnlySpan<float> losses, ReadOnlySpan<int> labels, CrossEntropyOptions options, Tensor result)
    {
        if (options.Reduction == LossReduction.None)
        {
            losses.CopyTo(result.Span);
            return;
        }

        double sum = 0;
        foreach (float loss in losses)
            sum += loss;
        if (options.Reduction == LossReduction.Mean)
            sum /= Math.Max(1, Counted(labels, options));
        result.Span[0] = (float)sum;
    }

    public static void Check(Tensor hidden, LinearWeight head, ReadOnlySpan<int> labels, CrossEntropyOptions options)
    {
        OpShapes.RequireColumns(hidden, head.Inputs, "CrossEntropy", "hidden", head);
        ShapeMismatchException.Require(labels.Length == hidden.Rows, "CrossEntropy", "labels", $"{labels.Length} long",
            $"{hidden.Rows}, the rows of hidden,");
        if (options.LabelSmoothing is < 0 or >= 1 or float.NaN)
        {
            throw new ArgumentOutOfRangeException(nameof(options),
                $"CrossEntropy: label smoothing is {options.LabelSmoothing}; it must be in [0, 1).");
        }
        foreach (int label in labels)
        {
            if (label != options.IgnoreLabel && (uint)label >= (uint)head.Outputs)
            {
                throw new ArgumentOutOfRangeException(nameof(labels),
                    $"CrossEntropy: label {label} is neither in the vocabulary (0 to {head.Outputs - 1}) nor the ignored label "
                        + $"{options.IgnoreLabel}.");
            }
        }
    }

    public static int Counted(ReadOnlySpan<int> labels, CrossEntropyOptions options) =>
        labels.Length - labels.Count(options.IgnoreLabel);

    public static double[] Logits(Tensor hidden, LinearWeight head, float softCap)
    {
        double[] z = new double[(long)hidden.Rows * head.Outputs];
        float[] row = new float[head.Inputs];
        for (int o = 0; o < head.Outputs; o++)
        {
            head.ReadRow(o, row);
            for (int n = 0; n < hidden.Rows; n++)
            {
                double sum = head.BiasOf(o);
                ReadOnlySpan<float> input = hidden.Row(n);
                for (int k = 0; k < row.Length; k++)
                    sum += (double)input[k] * row[k];
                z[(long)n * head.Outputs + o] = softCap > 0 ? softCap * Math.Tanh(sum / softCap) : sum;
            }
        }

        return z;
    }
}

public static partial class OpsExtensions
{
    /// <summary>
    /// Cross-entropy of <c>softmax(hidden Wᵀ + b)</c> against labels, in pieces of the vocabulary, never holding <c>[N, V]</c>:
    /// hidden <c>[N, E]</c>, labels [N] → <c>[1, 1]</c>, or <c>[N, 1]</c> without reduction.
    /// With a mean and no label that counts, 0.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">A label is neither in the vocabulary nor ignored.</exception>
    public static Tensor CrossEntropy(
        this IOps ops, Tensor hidden, LinearWeight head, ReadOnlyMemory<int> labels, CrossEntropyOptions options) =>
        ops.Run(new CrossEntropyOp(hidden, head, labels, options));

    /// <summary>As the other, and what the backward pass needs of it, which the caller disposes.</summary>
    internal static Tensor CrossEntropy(
        this IDifferentiableOps ops, Tensor hidden, LinearWeight head, ReadOnlyMemory<int> labels, CrossEntropyOptions options,
        out CrossEntropyRecord record)
    {
        var state = new CrossEntropyState();
        (Tensor loss, Tensor logSumExp) = ops.CallTwo(new CrossEntropyOp(hidden, head, labels, options, state));
        record = new CrossEntropyRecord(state, logSumExp);
        return loss;
    }

    /// <summary>
    /// Returns the gradient of hidden; adds to the gradients of the head. dloss has the
    /// shape of the loss. Uses up the kept logits.
    /// </summary>
    internal static Tensor CrossEntropyBackward(
        this IDifferentiableOps ops, Tensor hidden, LinearWeight head, ReadOnlyMemory<int> labels, CrossEntropyOptions options,
        CrossEntropyRecord record, Tensor dloss) =>
        ops.Call(new CrossEntropyBackwardOp(hidden, head, labels, options, record.State, record.LogSumExp, dloss));
}

/// <summary>What a cross-entropy leaves for its backward pass.</summary>
internal sealed record CrossEntropyRecord(CrossEntropyState State, Tensor LogSumExp) : IDisposable
{
    public void Dispose()
    {
        State.Dispose();
        LogSumExp.Dispose();
    }
}
