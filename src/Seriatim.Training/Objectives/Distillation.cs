using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Seriatim.Training;

/// <summary>
/// Training by the distribution of a larger model (Hinton et al., 2015): the loss of a label is <c>(1 - w) CE + w T² KL(q ‖ p)</c> with
/// the cross-entropy CE of the label, the teacher's distribution q and the model's p at the temperature T.
/// </summary>
/// <remarks>
/// Logits are made for 128 rows at a time, so that neither model's are ever held for all rows. The gradient of the logits is
/// <c>(1 - w)(softmax(z) - label) + w T (p - q)</c>. Results do not depend on threads.
/// </remarks>
public sealed class Distillation
{
    private const int RowsAtOnce = 128;

    private readonly Model _teacher;
    private readonly float _temperature, _weight;
    private readonly ParallelOptions _parallel;

    /// <summary>Prepares it; the teacher is not disposed.</summary>
    /// <param name="teacher">A model with the same vocabulary, in whatever storage.</param>
    /// <param name="temperature">T, over 0.</param>
    /// <param name="weight">w, over 0 and at most 1.</param>
    /// <param name="threads">Threads; 0: as many as the machine has.</param>
    public Distillation(Model teacher, double temperature = 2, double weight = 0.5, int threads = 0)
    {
        ArgumentNullException.ThrowIfNull(teacher);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(temperature);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(weight);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(weight, 1);
        (_teacher, _temperature, _weight, _parallel) = (teacher, (float)temperature, (float)weight, ElementChunks.Threads(threads));
    }

    /// <summary>As <see cref="LossPass.Train"/>, by both losses.</summary>
    /// <param name="model">The model that learns.</param>
    /// <param name="ops">The device.</param>
    /// <param name="batch">Rows and labels.</param>
    /// <param name="labelSmoothing">Of the cross-entropy.</param>
    /// <param name="dropout">Of the model; the teacher has none.</param>
    /// <param name="recompute">As there.</param>
    /// <returns>The summed loss of all labels.</returns>
    /// <exception cref="ArgumentException">The vocabularies differ.</exception>
    public double Train(Model model, IDifferentiableOps ops, TrainingBatch batch, float labelSmoothing = 0,
        BatchDropout? dropout = null, bool recompute = false)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(batch);
        if (model.Spec.Head.Outputs != _teacher.Spec.Head.Outputs)
            throw new ArgumentException($"The teacher has {_teacher.Spec.Head.Outputs} ids, the model {model.Spec.Head.Outputs}; they must have one vocabulary.", nameof(model));
        using var tape = new Tape(ops) { RecomputesLayers = recompute };
        using Tensor rows = LossPass.Hidden(model, tape, batch, dropout);
        using Tensor taught = LossPass.Hidden(_teacher, ops, batch);
        Tensor gradient = Tensor.Create(rows.Rows, rows.Columns);
        double loss = 0;
        for (int first = 0; first < rows.Rows; first += RowsAtOnce)
        {
            int[] some = [.. Enumerable.Range(first, Math.Min(RowsAtOnce, rows.Rows - first))];
            using Tensor slice = ops.GatherRows(rows, some);
            using var sliceTape = new Tape(ops);
            sliceTape.Watch(slice);
            using Tensor logits = model.Project(sliceTape, slice);
            using Tensor teacher = _teacher.Project(ops, taught, some);
            (double sum, Tensor slope) = Losses(ops, logits, teacher, batch.Labels.AsSpan(first, some.Length), labelSmoothing);
            loss += sum;
            sliceTape.Backward(logits, slope);
            sliceTape.GradientOf(slice)!.Span.CopyTo(gradient.Span.Slice(first * rows.Columns, slice.Rows * rows.Columns));
        }

        if (double.IsFinite(loss))
            tape.Backward(rows, gradient);
        else
            gradient.Dispose();
        return loss;
    }

    /// <summary>The summed loss of some rows, and the gradient of their logits.</summary>
    private (double Loss, Tensor Gradient) Losses(IOps ops, Tensor z, Tensor teacher, ReadOnlySpan<int> labels, float smoothing)
    {
        (float temperature, float weight) = (_temperature, _weight);
        double[] sharpSums = new double[z.Rows], softSums = new double[z.Rows], taughtSums = new double[z.Rows], losses = new double[z.Rows];
        using Tensor sharp = Softmax(ops, z, 1, sharpSums);
        using Tensor soft = Softmax(ops, z, 1 / temperature, softSums);
        using Tensor taught = Softmax(ops, teacher, 1 / temperature, taughtSums);
        Tensor gradient = Tensor.Create(z.Rows, z.Columns);
        int[] right = labels.ToArray();
        Parallel.For(0, z.Rows, _parallel, row =>
        {
            ReadOnlySpan<float> student = z.Row(row), master = teacher.Row(row), p1 = sharp.Row(row), p = soft.Row(row), q = taught.Row(row);
            Span<float> d = gradient.Row(row);
            double divergence = 0, mean = 0;
            float share = smoothing / d.Length, pull = weight * temperature;
            for (int v = 0; v < d.Length; v++)
            {
                divergence += q[v] * ((double)master[v] - student[v]);
                mean += student[v];
                d[v] = (1 - weight) * (p1[v] - share) + pull * (p[v] - q[v]);
            }

            d[right[row]] -= (1 - weight) * (1 - smoothing);
            double entropy = sharpSums[row] - (1 - smoothing) * student[right[row]] - smoothing * mean / d.Length;
            double kl = divergence / temperature - taughtSums[row] + softSums[row];
            losses[row] = (1 - weight) * entropy + weight * temperature * temperature * kl;
        });
        double sum = 0;
        foreach (double value in losses)
            sum += value;
        return (sum, gradient);
    }

    /// <summary>
    /// <c>softmax(scale · z)</c> and each row's log-sum-exp. The exponential of <c>u ≤ 0</c> is <c>σ(u) / (1 - σ(u))</c>, so that it is that of
    /// the kernels; sums go to 16 lanes and are folded in one tree.
    /// </summary>
    private Tensor Softmax(IOps ops, Tensor z, float scale, double[] logSums)
    {
        using Tensor shifted = Tensor.Create(z.Rows, z.Columns);
        float[] greatest = new float[z.Rows];
        Parallel.For(0, z.Rows, _parallel, row =>
        {
            ReadOnlySpan<float> from = z.Row(row);
            Span<float> to = shifted.Row(row);
            float max = from[0];
            foreach (float value in from)
                max = Math.Max(max, value);
            greatest[row] = max;
            for (int v = 0; v < from.Length; v++)
                to[v] = (from[v] - max) * scale;
        });
        Tensor p = ops.Activate(shifted, Activation.Sigmoid);
        Parallel.For(0, z.Rows, _parallel, row =>
        {
            float sum = Exponentials(p.Row(row));
            foreach (ref float value in p.Row(row))
                value /= sum;
            logSums[row] = (double)greatest[row] * scale + Math.Log(sum);
        });
        return p;
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
