namespace Seriatim.Models;

/// <summary>A norm where a layer may have one.</summary>
internal abstract class NormLayer
{
    private NormLayer()
    {
    }

    /// <summary>x <c>[N, E] → [N, E]</c>.</summary>
    public abstract Tensor Forward(IOps ops, Tensor x, ForwardPlan plan);

    /// <summary>As <see cref="Forward(IOps, Tensor, ForwardPlan)"/> outside training.</summary>
    public abstract Tensor Forward(IOps ops, Tensor x);

    /// <summary>The norm of a spec; of none, what hands rows on.</summary>
    /// <param name="weights">The path of the part that has it.</param>
    /// <param name="name">Its name there.</param>
    /// <param name="spec">Its spec; null: there is none.</param>
    /// <param name="width">Features of a row, E.</param>
    public static NormLayer Build(WeightBuilder weights, string name, NormSpec? spec, int width) =>
        spec switch
        {
            null => Nothing.Instance,
            { Kind: NormKind.Batch } => new Batch(weights.BatchNorm(name, spec, width), spec.Momentum),
            _ => new Rows(weights.Norm(name, spec, width)),
        };

    /// <summary>As <see cref="Forward(IOps, Tensor, ForwardPlan)"/>; takes x over.</summary>
    public Tensor Replace(IOps ops, Tensor x, ForwardPlan plan)
    {
        using (x)
            return Forward(ops, x, plan);
    }

    private sealed class Nothing : NormLayer
    {
        public static readonly Nothing Instance = new();

        public override Tensor Forward(IOps ops, Tensor x, ForwardPlan plan) => x.Retain();

        public override Tensor Forward(IOps ops, Tensor x) => x.Retain();
    }

    /// <summary>Each row by itself.</summary>
    private sealed class Rows(NormWeight weight) : NormLayer
    {
        public override Tensor Forward(IOps ops, Tensor x, ForwardPlan plan) => Forward(ops, x);

        public override Tensor Forward(IOps ops, Tensor x) => ops.Norm(x, weight);
    }

    /// <summary>By the statistics of the batch if it has some, and by the running ones otherwise.</summary>
    private sealed class Batch(BatchNormWeight weight, float momentum) : NormLayer
    {
        public override Tensor Forward(IOps ops, Tensor x, ForwardPlan plan) =>
            plan.Batch.Statistics?.Norm(ops, x, weight, momentum) ?? Forward(ops, x);

        public override Tensor Forward(IOps ops, Tensor x) => ops.BatchNorm(x, weight);
    }
}
