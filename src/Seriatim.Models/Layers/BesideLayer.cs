namespace Seriatim.Models;

/// <summary>A feed-forward layer and experts side by side, each with norms of its own (Gemma 4).</summary>
internal sealed class BesideLayer : FeedForwardLayer
{
    private readonly FeedForwardLayer _dense;
    private readonly ExpertsLayer _experts;
    private readonly NormWeight _denseNorm;
    private readonly NormWeight _beforeExperts;
    private readonly NormWeight _expertsNorm;

    /// <param name="weights">The path of the layer.</param>
    /// <param name="spec">Its spec.</param>
    /// <param name="width">Features of a row, E.</param>
    public BesideLayer(WeightBuilder weights, FeedForwardSpec.Beside spec, int width)
    {
        _dense = Build(weights.At("dense"), spec.Inner, width);
        _experts = new ExpertsLayer(weights.At("mixture"), spec.Mixture, width);
        _denseNorm = weights.Norm("dense_norm", spec.Norm, width);
        _beforeExperts = weights.Norm("before_experts", spec.Norm, width);
        _expertsNorm = weights.Norm("experts_norm", spec.Norm, width);
    }

    public override Tensor Forward(IOps ops, Tensor x, ForwardPlan plan) => throw new NotSupportedException(
        "Experts beside a feed-forward layer read the residual stream, which only layers with norms around their parts hand on.");

    public override Tensor Forward(IOps ops, Tensor x, Tensor residual, ForwardPlan plan)
    {
        using Tensor dense = _dense.Forward(ops, x, plan);
        using Tensor own = ops.Norm(dense, _denseNorm);
        using Tensor read = ops.Norm(residual, _beforeExperts);
        using Tensor mixture = _experts.Forward(ops, read, residual, plan);
        using Tensor other = ops.Norm(mixture, _expertsNorm);
        return ops.Add(own, other);
    }
}
