namespace Seriatim.Training;

/// <summary>
/// Training by the distribution of a larger model (Hinton et al., 2015): the loss of a label is
/// <c>(1 - w) CE + w T² KL(q ‖ p)</c> with the cross-entropy CE of the label, the teacher's distribution
/// q and the model's p at the temperature T.
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

    /// <summary>Prepares it; the teacher is not disposed.</summary>
    /// <param name="teacher">A model with the same vocabulary, in whatever storage.</param>
    /// <param name="temperature">T, over 0.</param>
    /// <param name="weight">w, over 0 and at most 1.</param>
    public Distillation(Model teacher, double temperature = 2, double weight = 0.5)
    {
        ArgumentNullException.ThrowIfNull(teacher);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(temperature);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(weight);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(weight, 1);
        (_teacher, _temperature, _weight) = (teacher, (float)temperature, (float)weight);
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
        {
            throw new ArgumentException($"The teacher has {_teacher.Spec.Head.Outputs} ids, the model {model.Spec.Head.Outputs}; "
                + "they must have one vocabulary.", nameof(model));
        }
        using var statistics = new BatchStatistics();
        using var tape = new Tape(ops) { RecomputesLayers = recompute };
        using Tensor rows = LossPass.Hidden(model, tape, batch, dropout, statistics);
        using Tensor taught = LossPass.Hidden(_teacher, ops, batch);
        var options = new DistillationOptions(_temperature, _weight, labelSmoothing);
        Tensor gradient = ops.Device.NewTensor(rows.Rows, rows.Columns);
        var sums = new List<Tensor>();
        try
        {
            for (int first = 0; first < rows.Rows; first += RowsAtOnce)
            {
                int[] some = [.. Enumerable.Range(first, Math.Min(RowsAtOnce, rows.Rows - first))];
                using Tensor slice = ops.GatherRows(rows, some);
                using var sliceTape = new Tape(ops);
                sliceTape.Watch(slice);
                using Tensor logits = model.Project(sliceTape, slice);
                using Tensor teacher = _teacher.Project(ops, taught, some);
                (Tensor slope, Tensor sum) = ops.DistillationLoss(logits, teacher,
                    batch.Labels.AsMemory(first, some.Length), options);
                sums.Add(sum);
                sliceTape.Backward(logits, slope);
                ops.PutRows(sliceTape.GradientOf(slice)!, gradient, first);
            }

            double loss = 0;
            foreach (Tensor sum in sums)
                loss += sum.ReadDouble();
            if (!double.IsFinite(loss))
                return loss;
            tape.Backward(rows, gradient.Retain());
            statistics.Move(ops);
            return loss;
        }
        finally
        {
            gradient.Dispose();
            foreach (Tensor sum in sums)
                sum.Dispose();
        }
    }
}
