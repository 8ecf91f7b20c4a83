namespace Seriatim.Tensors;

/// <summary>
/// Parts of one softmax joined by their log-sum-exps, per row and head: <c>w_r = exp(l_r - L)</c> with <c>L = log Σ_s exp l_s</c>
/// in F32, <c>y = Σ_r w_r x_r</c>, r in sequence. Backward, with <c>g_r = dy·x_r</c>: <c>dx_r = w_r dy</c>,
/// <c>dl_r = w_r (g_r - Σ_s w_s g_s)</c>.
/// </summary>
/// <remarks>
/// Shapes: x_r, y [N, H·D], l_r [N, H]. Saved for backward: all x and l. A part with a log-sum-exp of minus infinity has no
/// weight; where all have, the result is 0. That L has 24 bits shows where scores are huge: Reformer's rows that see themselves
/// alone have -1e5, and with two rounds the weights sum to 0.998 there, in the reference and so here.
/// </remarks>
internal readonly unsafe struct JoinSoftmaxesOp(Tensor[] parts, Tensor[] logSumExps) : IOp<JoinSoftmaxesOp>
{
    /// <summary>Kernels keep the weight of each on the stack.</summary>
    private const int MostParts = 4096;

    public static string Name => "JoinSoftmaxes";

    public OpPart Part => OpPart.Attention;

    public int Results => 1;

    public IDisposable? Held => null;

    public (int Rows, int Columns) Shape(int result) => (parts[0].Rows, parts[0].Columns);

    public void Check() => Check(parts, logSumExps);

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T>
    {
        int perPiece = RowKernel.RowsPerPiece(parts[0].Columns);
        var work = new ForwardWork<T>(parts, logSumExps, results[0], perPiece);
        team.Run(RowKernel.Pieces(parts[0].Rows, perPiece), ref work, parts[0].Length * parts.Length);
    }

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        int heads = logSumExps[0].Columns, width = parts[0].Columns / heads;
        double[] weights = new double[parts.Length];
        for (int n = 0; n < parts[0].Rows; n++)
        {
            for (int head = 0; head < heads; head++)
            {
                Weights(logSumExps, n, head, weights);
                for (int i = head * width; i < (head + 1) * width; i++)
                {
                    double sum = 0;
                    for (int r = 0; r < parts.Length; r++)
                        sum += weights[r] * parts[r].Row(n)[i];
                    results[0].Row(n)[i] = (float)sum;
                }
            }
        }
    }

    public JoinSoftmaxesOp Recorded() => this;

    public void Show(OpView to)
    {
        for (int i = 0; i < parts.Length; i++)
            to.Operand("part", parts[i]).Operand("log-sum-exp", logSumExps[i]);
    }

    public void Save(ReadOnlySpan<Tensor> results, SavedTensors saved)
    {
        foreach (Tensor tensor in parts)
            saved.Add(tensor);
        foreach (Tensor tensor in logSumExps)
            saved.Add(tensor);
    }

    public void Backward(IDifferentiableOps ops, ReadOnlySpan<Tensor> results, ReadOnlySpan<Tensor?> dy, Gradients gradients)
    {
        var made = new Tensor[2 * parts.Length];
        ops.Call(new JoinSoftmaxesBackwardOp(parts, logSumExps, dy[0]!), made);
        for (int r = 0; r < parts.Length; r++)
        {
            gradients.Add(parts[r], made[r]);
            gradients.Add(logSumExps[r], made[parts.Length + r]);
        }
    }

    internal static void Check(Tensor[] parts, Tensor[] logSumExps)
    {
        ShapeMismatchException.Require(parts.Length > 0 && parts.Length == logSumExps.Length, Name, "the log-sum-exps",
            $"{logSumExps.Length}", $"{parts.Length}, one for each part, and at least one,");
        ShapeMismatchException.Require(parts.Length <= MostParts, Name, "the parts", $"{parts.Length}", $"at most {MostParts}");
        int heads = logSumExps[0].Columns;
        ShapeMismatchException.Require(heads > 0 && parts[0].Columns % heads == 0, Name, "the parts", $"{parts[0]}",
            $"a multiple of {heads} heads");
        foreach (Tensor part in parts)
            OpShapes.RequireSame(parts[0], part, Name, "a part");
        foreach (Tensor logSumExp in logSumExps)
            OpShapes.Require(logSumExp, parts[0].Rows, heads, Name, "a log-sum-exp");
    }

    /// <summary>The weights of the parts, of which there are few; in double, in one fixed order.</summary>
    internal static void Weights(Tensor[] logSumExps, int row, int head, Span<double> weights)
    {
        double largest = double.NegativeInfinity;
        foreach (Tensor logSumExp in logSumExps)
            largest = Math.Max(largest, logSumExp.Row(row)[head]);
        if (double.IsNegativeInfinity(largest))
        {
            weights.Clear();
            return;
        }

        double sum = 0;
        foreach (Tensor logSumExp in logSumExps)
            sum += PlainMath.Exp(logSumExp.Row(row)[head] - largest);
        double all = (float)(largest + PlainMath.Log(sum));
        for (int r = 0; r < weights.Length; r++)
            weights[r] = PlainMath.Exp(logSumExps[r].Row(row)[head] - all);
    }

    private readonly struct ForwardWork<T>(Tensor[] parts, Tensor[] logSumExps, Tensor y, int perPiece) : IWork
        where T : struct, ILanes<T>
    {
        public void Do(int piece, int worker)
        {
            int heads = logSumExps[0].Columns, width = y.Columns / heads;
            Span<double> weights = stackalloc double[parts.Length];
            for (int n = piece * perPiece; n < Math.Min(y.Rows, (piece + 1) * perPiece); n++)
            {
                for (int head = 0; head < heads; head++)
                {
                    Weights(logSumExps, n, head, weights);
                    long at = (long)n * y.Columns + head * width;
                    for (int i = 0; i < width; i += 16)
                    {
                        T sum = T.Broadcast(0f);
                        for (int r = 0; r < parts.Length; r++)
                        {
                            T value = RowKernel.Load<T>(parts[r].Floats + at + i, width - i);
                            sum = T.MultiplyAdd(T.Broadcast((float)weights[r]), value, sum);
                        }

                        RowKernel.Store(sum, y.Floats + at + i, width - i);
                    }
                }
            }
        }
    }
}

/// <summary>The gradients of all parts, then those of all log-sum-exps.</summary>
internal readonly unsafe struct JoinSoftmaxesBackwardOp(Tensor[] parts, Tensor[] logSumExps, Tensor dy) : IOpCall
{
    public static string Name => "JoinSoftmaxesBackward";

    public OpPart Part => OpPart.Attention;

    public int Results => 2 * parts.Length;

    public (int Rows, int Columns) Shape(int result) =>
        (dy.Rows, result < parts.Length ? dy.Columns : logSumExps[0].Columns);

    public void Check()
    {
        JoinSoftmaxesOp.Check(parts, logSumExps);
        OpShapes.RequireSame(parts[0], dy, "JoinSoftmaxes backward", "dy");
    }

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T>
    {
        int perPiece = RowKernel.RowsPerPiece(dy.Columns);
        var work = new BackwardWork<T>(parts, logSumExps, dy, results.ToArray(), perPiece);
        team.Run(RowKernel.Pieces(dy.Rows, perPiece), ref work, dy.Length * parts.Length * 2);
    }

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        int heads = logSumExps[0].Columns, width = dy.Columns / heads;
        double[] weights = new double[parts.Length], along = new double[parts.Length];
        for (int n = 0; n < dy.Rows; n++)
        {
            for (int head = 0; head < heads; head++)
            {
                JoinSoftmaxesOp.Weights(logSumExps, n, head, weights);
                double mean = 0;
                for (int r = 0; r < parts.Length; r++)
                {
                    along[r] = 0;
                    for (int i = head * width; i < (head + 1) * width; i++)
                    {
                        along[r] += (double)dy.Row(n)[i] * parts[r].Row(n)[i];
                        results[r].Row(n)[i] = (float)(weights[r] * dy.Row(n)[i]);
                    }

                    mean += weights[r] * along[r];
                }

                for (int r = 0; r < parts.Length; r++)
                    results[parts.Length + r].Row(n)[head] = (float)(weights[r] * (along[r] - mean));
            }
        }
    }

    private readonly struct BackwardWork<T>(Tensor[] parts, Tensor[] logSumExps, Tensor dy, Tensor[] results, int perPiece)
        : IWork
        where T : struct, ILanes<T>
    {
        public void Do(int piece, int worker)
        {
            int heads = logSumExps[0].Columns, width = dy.Columns / heads;
            Span<double> weights = stackalloc double[parts.Length];
            Span<double> along = stackalloc double[parts.Length];
            for (int n = piece * perPiece; n < Math.Min(dy.Rows, (piece + 1) * perPiece); n++)
            {
                for (int head = 0; head < heads; head++)
                {
                    JoinSoftmaxesOp.Weights(logSumExps, n, head, weights);
                    double mean = 0;
                    for (int r = 0; r < parts.Length; r++)
                    {
                        along[r] = Share(r, (float)weights[r], (long)n * dy.Columns + head * width, width);
                        mean += weights[r] * along[r];
                    }

                    for (int r = 0; r < parts.Length; r++)
                        results[parts.Length + r].Floats[(long)n * heads + head] = (float)(weights[r] * (along[r] - mean));
                }
            }
        }

        /// <summary>Writes the gradient of a part of a head and returns <c>dy·x</c>, in 16 partial sums.</summary>
        private float Share(int part, float weight, long at, int width)
        {
            T sum = T.Broadcast(0f);
            for (int i = 0; i < width; i += 16)
            {
                T gradient = RowKernel.Load<T>(dy.Floats + at + i, width - i);
                sum = T.MultiplyAdd(gradient, RowKernel.Load<T>(parts[part].Floats + at + i, width - i), sum);
                RowKernel.Store(T.Broadcast(weight) * gradient, results[part].Floats + at + i, width - i);
            }

            return T.Sum(sum);
        }
    }
}

public static partial class OpsExtensions
{
    /// <summary>
    /// Joins parts of one softmax over other keys each by their log-sum-exps: x_r <c>[N, H·D]</c> and l_r <c>[N, H]</c> →
    /// <c>[N, H·D]</c>.
    /// </summary>
    /// <param name="ops">The ops.</param>
    /// <param name="parts">What each part gives.</param>
    /// <param name="logSumExps">The log-sum-exps of its scores.</param>
    public static Tensor JoinSoftmaxes(this IOps ops, Tensor[] parts, Tensor[] logSumExps) =>
        ops.Run(new JoinSoftmaxesOp(parts, logSumExps));
}
