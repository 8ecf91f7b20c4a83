using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Seriatim.Tensors;

/// <summary>How <see cref="OpsExtensions.DistillationLoss"/> weighs the teacher.</summary>
/// <param name="Temperature">T, over 0.</param>
/// <param name="Weight">w, over 0 and at most 1.</param>
/// <param name="LabelSmoothing">Of the cross-entropy, from 0 to below 1.</param>
public readonly record struct DistillationOptions(float Temperature, float Weight, float LabelSmoothing = 0);

/// <summary>
/// <c>Σ_n (1 - w) CE_n + w T² KL(q_n ‖ p_n)</c> with the cross-entropy CE of the label, the teacher's distribution q and the
/// student's p at the temperature T (Hinton et al., 2015), and its gradient by the student's logits,
/// <c>(1 - w)(softmax(z) - label) + w T (p - q)</c>.
/// </summary>
/// <remarks>
/// Shapes: z, teacher, gradient [N, V], labels [N]; the sum as <see cref="Doubles"/> keep it. The exponential of <c>u ≤ 0</c> is
/// <c>σ(u) / (1 - σ(u))</c>, so that it is that of the kernels; sums go to 16 lanes and are folded in one tree.
/// </remarks>
internal readonly struct DistillationOp(Tensor z, Tensor teacher, ReadOnlyMemory<int> labels, DistillationOptions options)
    : IOpCall
{
    public static string Name => "DistillationLoss";

    public OpPart Part => OpPart.Projection;

    public int Results => 2;

    public (int Rows, int Columns) Shape(int result) => result == 0 ? (z.Rows, z.Columns) : Doubles.Shape(1);

    public void Check()
    {
        OpShapes.RequireSame(z, teacher, Name, "the teacher's logits");
        ShapeMismatchException.Require(labels.Length == z.Rows, Name, "labels", $"{labels.Length} long",
            $"{z.Rows}, the rows of the logits,");
        if (!(options.Temperature > 0) || options.Weight is not (> 0 and <= 1) || options.LabelSmoothing is not (>= 0 and < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(options),
                $"{Name}: {options} is out of range: a temperature over 0, a weight over 0 and at most 1, smoothing in [0, 1).");
        }
        foreach (int label in labels.Span)
        {
            if ((uint)label >= (uint)z.Columns)
            {
                throw new ArgumentOutOfRangeException(nameof(labels),
                    $"{Name}: label {label} is not in the vocabulary (0 to {z.Columns - 1}).");
            }
        }
    }

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T>
    {
        using var sharp = new Softmax(team, z, 1);
        using var soft = new Softmax(team, z, 1 / options.Temperature);
        using var taught = new Softmax(team, teacher, 1 / options.Temperature);
        foreach (Softmax softmax in (ReadOnlySpan<Softmax>)[sharp, soft, taught])
            softmax.Run<T>();
        double[] losses = new double[z.Rows];
        var work = new RowWork
        {
            Z = z,
            Teacher = teacher,
            Labels = labels,
            Options = options,
            Sharp = sharp,
            Soft = soft,
            Taught = taught,
            Gradient = results[0],
            Losses = losses,
        };
        team.Run(z.Rows, ref work, 4 * z.Length);
        double sum = 0;
        foreach (double loss in losses)
            sum += loss;
        Doubles.Of(results[1])[0] = sum;
    }

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        double total = 0;
        (double temperature, double weight, double smoothing) = (options.Temperature, options.Weight, options.LabelSmoothing);
        for (int n = 0; n < z.Rows; n++)
        {
            double[] sharp = LogSoftmax(z.Row(n), 1);
            double[] soft = LogSoftmax(z.Row(n), temperature);
            double[] taught = LogSoftmax(teacher.Row(n), temperature);
            for (int v = 0; v < z.Columns; v++)
            {
                double target = (v == labels.Span[n] ? 1 - smoothing : 0) + smoothing / z.Columns;
                double q = Math.Exp(taught[v]);
                total += weight * temperature * temperature * q * (taught[v] - soft[v]) - (1 - weight) * target * sharp[v];
                results[0].Row(n)[v] = (float)((1 - weight) * (Math.Exp(sharp[v]) - target)
                    + weight * temperature * (Math.Exp(soft[v]) - q));
            }
        }

        Doubles.Of(results[1])[0] = total;
    }

    private static double[] LogSoftmax(ReadOnlySpan<float> logits, double temperature)
    {
        double max = double.NegativeInfinity;
        double sum = 0;
        foreach (float logit in logits)
            max = Math.Max(max, logit / temperature);
        foreach (float logit in logits)
            sum += Math.Exp(logit / temperature - max);
        double[] result = new double[logits.Length];
        for (int v = 0; v < result.Length; v++)
            result[v] = logits[v] / temperature - max - Math.Log(sum);
        return result;
    }

    /// <summary><c>softmax(scale · z)</c> and each row's log-sum-exp.</summary>
    private sealed class Softmax(WorkerTeam team, Tensor z, float scale) : IDisposable
    {
        private readonly float[] _greatest = new float[z.Rows];
        private readonly Tensor _shifted = Tensor.Create(z.Rows, z.Columns);

        public Tensor P { get; } = Tensor.Create(z.Rows, z.Columns);

        public double[] LogSums { get; } = new double[z.Rows];

        public void Run<T>()
            where T : struct, ILanes<T>
        {
            var shift = new ShiftWork { Softmax = this };
            team.Run(z.Rows, ref shift, z.Length);
            new ActivationOp(_shifted, Activation.Sigmoid).Forward<T>(team, [P]);
            var divide = new DivideWork { Softmax = this };
            team.Run(z.Rows, ref divide, z.Length);
        }

        public void Shift(int row)
        {
            ReadOnlySpan<float> from = z.Row(row);
            Span<float> to = _shifted.Row(row);
            float max = from[0];
            foreach (float value in from)
                max = Math.Max(max, value);
            _greatest[row] = max;
            for (int v = 0; v < from.Length; v++)
                to[v] = (from[v] - max) * scale;
        }

        public void Divide(int row)
        {
            float sum = Exponentials(P.Row(row));
            foreach (ref float value in P.Row(row))
                value /= sum;
            LogSums[row] = (double)_greatest[row] * scale + PlainMath.Log(sum);
        }

        public void Dispose()
        {
            _shifted.Dispose();
            P.Dispose();
        }

        private static float Exponentials(Span<float> sigmoids)
        {
            ref float first = ref MemoryMarshal.GetReference(sigmoids);
            Vector512<float> sums = Vector512<float>.Zero;
            int v = 0;
            for (; v <= sigmoids.Length - 16; v += 16)
            {
                Vector512<float> sigmoid = Vector512.LoadUnsafe(ref first, (nuint)v);
                Vector512<float> e = sigmoid / (Vector512<float>.One - sigmoid);
                e.StoreUnsafe(ref first, (nuint)v);
                sums += e;
            }

            float rest = 0;
            for (; v < sigmoids.Length; v++)
                rest += sigmoids[v] /= 1 - sigmoids[v];
            Vector256<float> eight = sums.GetLower() + sums.GetUpper();
            Vector128<float> four = eight.GetLower() + eight.GetUpper();
            return four[0] + four[2] + (four[1] + four[3]) + rest;
        }
    }

    private struct ShiftWork : IWork
    {
        public Softmax Softmax;

        public readonly void Do(int piece, int worker) => Softmax.Shift(piece);
    }

    private struct DivideWork : IWork
    {
        public Softmax Softmax;

        public readonly void Do(int piece, int worker) => Softmax.Divide(piece);
    }

    /// <summary>Loss and gradient of a row.</summary>
    private struct RowWork : IWork
    {
        public Tensor Z;
        public Tensor Teacher;
        public ReadOnlyMemory<int> Labels;
        public DistillationOptions Options;
        public Softmax Sharp;
        public Softmax Soft;
        public Softmax Taught;
        public Tensor Gradient;
        public double[] Losses;

        public readonly void Do(int piece, int worker)
        {
            ReadOnlySpan<float> student = Z.Row(piece);
            ReadOnlySpan<float> master = Teacher.Row(piece);
            ReadOnlySpan<float> p1 = Sharp.P.Row(piece);
            ReadOnlySpan<float> p = Soft.P.Row(piece);
            ReadOnlySpan<float> q = Taught.P.Row(piece);
            Span<float> d = Gradient.Row(piece);
            (float temperature, float weight, float smoothing) = (Options.Temperature, Options.Weight, Options.LabelSmoothing);
            int label = Labels.Span[piece];
            double divergence = 0;
            double mean = 0;
            float share = smoothing / d.Length;
            float pull = weight * temperature;
            for (int v = 0; v < d.Length; v++)
            {
                divergence += q[v] * ((double)master[v] - student[v]);
                mean += student[v];
                d[v] = (1 - weight) * (p1[v] - share) + pull * (p[v] - q[v]);
            }

            d[label] -= (1 - weight) * (1 - smoothing);
            double entropy = Sharp.LogSums[piece] - (1 - smoothing) * student[label] - smoothing * mean / d.Length;
            double kl = divergence / temperature - Taught.LogSums[piece] + Soft.LogSums[piece];
            Losses[piece] = (1 - weight) * entropy + weight * temperature * temperature * kl;
        }
    }
}

public static partial class OpsExtensions
{
    /// <summary>The loss of logits by labels and by a teacher's logits, summed over the rows, and its gradient.</summary>
    /// <param name="ops">Runs it.</param>
    /// <param name="z">The student's logits, <c>[N, V]</c>.</param>
    /// <param name="teacher">The teacher's, <c>[N, V]</c>.</param>
    /// <param name="labels">One a row.</param>
    /// <param name="options">Temperature and weight.</param>
    /// <returns>The gradient of z, and the sum, which <see cref="ReadDouble"/> gives.</returns>
    public static (Tensor Gradient, Tensor Loss) DistillationLoss(
        this IDifferentiableOps ops, Tensor z, Tensor teacher, ReadOnlyMemory<int> labels, DistillationOptions options) =>
        ops.CallTwo(new DistillationOp(z, teacher, labels, options));

    /// <summary>Waits for a sum that an op gives in double.</summary>
    public static double ReadDouble(this Tensor sum) => Doubles.Read(sum);
}
