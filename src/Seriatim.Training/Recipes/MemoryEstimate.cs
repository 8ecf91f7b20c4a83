using System.Globalization;

namespace Seriatim.Training;

/// <summary>About how much memory a run takes, in bytes.</summary>
/// <param name="Weights">The parameters.</param>
/// <param name="Gradients">One value for each trained parameter.</param>
/// <param name="Moments">What the optimizer keeps, and the average of the weights.</param>
/// <param name="Activations">
/// The largest batch, estimated as the inputs and outputs of every matrix product, twice: for the backward pass, its gradients
/// and buffers that wait for batches of other sizes.
/// </param>
public readonly record struct MemoryEstimate(long Weights, long Gradients, long Moments, long Activations)
{
    /// <summary>All of it.</summary>
    public long Total => Weights + Gradients + Moments + Activations;

    /// <summary>Estimates a run.</summary>
    /// <param name="model">The model.</param>
    /// <param name="optimizer">Over its parameters.</param>
    /// <param name="average">The average, if one is kept.</param>
    /// <param name="rows">Rows of the largest batch.</param>
    public static MemoryEstimate Of(Model model, Optimizer optimizer, WeightAverage? average, long rows)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(optimizer);
        long perRow = model.Parameters.Where(p => !p.IsVector && p.Parameter.Rows != model.Spec.Last.Vocabulary)
            .Sum(p => (long)p.Parameter.Rows + p.Parameter.Columns);
        return new MemoryEstimate(
            model.WeightBytes + model.Parameters.Select(p => p.Parameter).Where(p => p.Master != p.Data).Sum(p => p.Master.Bytes),
            optimizer.Parameters.Sum(p => p.Parameter.Master.Bytes),
            optimizer.Moments.Concat(average?.Values ?? []).Sum(m => m.Values.Bytes), checked(2 * rows * perRow * sizeof(float)));
    }

    /// <summary>The parts and the sum in MB.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Total / 1e6:F0} MB = weights {Weights / 1e6:F0} + gradients {Gradients / 1e6:F0} + moments {Moments / 1e6:F0} + "
            + $"activations about {Activations / 1e6:F0}");
}
