namespace Seriatim.Models;

/// <summary>
/// Statistics that the batch norms of a model take of the rows of one training pass. A batch that has one
/// (<see cref="RaggedBatch.Statistics"/>) is normed by its own rows, so a row depends on its batch; one without is normed by
/// the running statistics, and each row is by itself. Encoder and decoder of one pass may share it. Dispose it after the backward
/// pass.
/// </summary>
public sealed class BatchStatistics : IDisposable
{
    private readonly Dictionary<BatchNormWeight, Taken> _taken = new(ReferenceEqualityComparer.Instance);

    private sealed record Taken(Tensor Mean, Tensor Variance, int Rows, float Momentum);

    /// <summary>
    /// Moves the running statistics of every norm that the pass reached towards those of its rows:
    /// <c>running = (1 - momentum) running + momentum batch</c>, with the unbiased variance. Call it once for a pass, after the
    /// backward pass; a step that accumulates several batches moves them by each.
    /// </summary>
    /// <param name="ops">Ops of the device of the model.</param>
    public void Move(IDifferentiableOps ops)
    {
        ArgumentNullException.ThrowIfNull(ops);
        foreach ((BatchNormWeight norm, Taken taken) in _taken)
        {
            float keep = 1 - taken.Momentum;
            ops.MoveTowards(norm.Mean.Data, taken.Mean, keep, taken.Momentum);
            using Tensor unbiased = ops.Scale(taken.Variance, (float)(taken.Rows / (taken.Rows - 1.0)));
            ops.MoveTowards(norm.Variance.Data, unbiased, keep, taken.Momentum);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Taken taken in _taken.Values)
        {
            taken.Mean.Dispose();
            taken.Variance.Dispose();
        }

        _taken.Clear();
    }

    /// <summary>
    /// Norms rows by their own statistics. A layer that runs again for its gradients takes its statistics again, which count
    /// once.
    /// </summary>
    /// <exception cref="ArgumentException">One row has no variance.</exception>
    internal Tensor Norm(IOps ops, Tensor x, BatchNormWeight norm, float momentum)
    {
        if (x.Rows < 2)
        {
            throw new ArgumentException(
                $"A batch norm in training needs at least 2 rows to have a variance; this batch has {x.Rows}. Give it more.");
        }

        (Tensor mean, Tensor variance) = ops.FeatureMoments(x);
        using (mean)
        using (variance)
        {
            Tensor y = ops.BatchNorm(x, norm, mean, variance);
            if (!_taken.ContainsKey(norm))
                _taken.Add(norm, new Taken(mean.Retain(), variance.Retain(), x.Rows, momentum));
            return y;
        }
    }
}
