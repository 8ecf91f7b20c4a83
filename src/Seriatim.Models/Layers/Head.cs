namespace Seriatim.Models;

/// <summary>Turns hidden rows into logits, or into a loss that never holds all logits at once.</summary>
internal sealed class Head
{
    private readonly HeadSpec _spec;
    private readonly LinearWeight? _transform;
    private readonly NormWeight? _transformNorm;
    private readonly LinearWeight? _linear;

    /// <param name="weights">The root of the model: the head's parts are at <c>head</c>.</param>
    /// <param name="spec">Its spec.</param>
    /// <param name="width">Features of a hidden row.</param>
    /// <param name="embedding">The token embedding, for a tied head.</param>
    public Head(WeightBuilder weights, HeadSpec spec, int width, EmbeddingWeight embedding)
    {
        _spec = spec;
        if (spec.IsMissing)
            return;
        if (spec.Transform is { } transform)
        {
            int inner = transform.Width ?? width;
            _transform = weights.Linear(
                "head.transform", inner, width, transform.Bias, $"{inner} features in the head, hidden size {width}");
            _transformNorm = transform.Norm is { } norm ? weights.Norm("head.norm", norm, inner) : null;
            width = inner;
        }

        string why = $"{spec.Outputs} outputs, hidden size {width}";
        _linear = spec.Tied
            ? weights.Tied("head", embedding, spec.Bias, why)
            : weights.Linear("head", spec.Outputs, width, spec.Bias, why);
        if (spec.ConstantBias)
            _linear = weights.WithConstantBias("head.constant_bias", _linear, why);
    }

    /// <summary>The dense layer before the linear one: <c>[N, E] → [N, E]</c>; x itself if there is none.</summary>
    public Tensor Transform(IOps ops, Tensor x, RowGroups? groups)
    {
        if (_transform is null)
            return x.Retain();
        using Tensor dense = ops.Linear(x, _transform, groups);
        Tensor active = ops.Activate(dense, _spec.Transform!.Activation);
        if (_transformNorm is null)
            return active;
        using (active)
            return ops.Norm(active, _transformNorm);
    }

    /// <summary><c>[N, E] → [N, Outputs]</c>.</summary>
    /// <exception cref="InvalidOperationException">The model has no head.</exception>
    public Tensor Project(IOps ops, Tensor x, RowGroups? groups)
    {
        using Tensor features = Features(ops, x, groups);
        Tensor logits = ops.Linear(features, Linear, groups);
        if (_spec.SoftCap == 0)
            return logits;
        using (logits)
            return ops.SoftCap(logits, _spec.SoftCap);
    }

    /// <summary>What outputs of the linear layer are selected from.</summary>
    public OutputTable NewOutputTable() => Linear.NewOutputTable();

    /// <summary><c>[N, E] → [N, Outputs]</c>, each run of rows over its own outputs; of a head without a cap.</summary>
    public Tensor Project(IOps ops, Tensor x, OutputSelection selection, IReadOnlyList<SelectedRows> runs)
    {
        using Tensor features = Features(ops, x, null);
        return ops.LinearSelected(features, selection, runs);
    }

    /// <summary>Cross-entropy of the logits of x against labels.</summary>
    /// <exception cref="NotSupportedException">An adapter of a row adds to the last layer.</exception>
    public Tensor Loss(IOps ops, Tensor x, ReadOnlyMemory<int> labels, CrossEntropyOptions options, RowGroups? groups)
    {
        if (groups is not null && Linear is GroupedWeight linear && linear.HasAny(groups))
        {
            throw new NotSupportedException(
                $"An adapter of these rows adds to {linear}; a loss never holds the logits it would add to. Project the rows " +
                "instead.");
        }

        using Tensor features = Features(ops, x, groups);
        return ops.CrossEntropy(features, Linear, labels, options with { SoftCap = _spec.SoftCap });
    }

    private LinearWeight Linear => _linear ?? throw new InvalidOperationException(
        "The model is an encoder without a head: its rows are embeddings, and there is nothing to make logits of them. Load a "
            + "checkpoint with a head.");

    private Tensor Features(IOps ops, Tensor x, RowGroups? groups)
    {
        Tensor features = Transform(ops, x, groups);
        if (_spec.Scale == 1)
            return features;
        using (features)
            return ops.Scale(features, _spec.Scale);
    }
}
