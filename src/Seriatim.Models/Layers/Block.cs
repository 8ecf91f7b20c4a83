namespace Seriatim.Models;

/// <summary>
/// One layer of a stack: attention, attention to the encoder if any, feed-forward, joined as its placement says.
/// </summary>
internal abstract class Block
{
    private readonly AttentionLayer _attention;
    private readonly AttentionLayer? _cross;
    private readonly FeedForwardLayer _feedForward;
    private readonly NormWeight _norm1;
    private readonly NormWeight? _crossNorm;
    private readonly NormWeight _norm2;

    private Block(WeightBuilder weights, LayerSpec spec, int width, AttentionBias? bias, int memoryLayer)
    {
        _norm1 = weights.Norm("norm1", spec.Norm, width);
        _attention = spec.Mixer switch
        {
            MixerSpec.Attention attention => new AttentionLayer(weights.At("attention"), attention, width, bias, memoryLayer),
            _ => throw new NotSupportedException($"The mixer {spec.Mixer} is not built."),
        };
        if (spec.Cross is { } cross)
        {
            _crossNorm = weights.Norm("cross_norm", spec.Norm, width);
            _cross = new AttentionLayer(weights.At("cross"), cross, width, null, memoryLayer);
        }

        _norm2 = weights.Norm("norm2", spec.Norm, width);
        _feedForward = FeedForwardLayer.Build(weights.At("mlp"), spec.FeedForward, width);
    }

    /// <summary>x <c>[N, E] → [N, E]</c>.</summary>
    public abstract Tensor Forward(IOps ops, Tensor x, ForwardPlan plan);

    public static Block Build(WeightBuilder weights, LayerSpec spec, int width, AttentionBias? bias, int memoryLayer) =>
        spec.Placement switch
        {
            Placement.Pre => new Pre(weights, spec, width, bias, memoryLayer),
            Placement.Post => new Post(weights, spec, width, bias, memoryLayer),
            Placement.Sandwich when spec.Cross is null => new Sandwich(weights, spec, width, bias, memoryLayer),
            Placement.Parallel when spec.Cross is null => new Parallel(weights, spec, width, bias, memoryLayer),
            Placement.NormedResidual when spec.Cross is null => new NormedResidual(weights, spec, width, bias, memoryLayer),
            _ => throw new NotSupportedException($"The placement {spec.Placement} with cross-attention is not built."),
        };

    /// <summary>Adds what a layer made, after dropout, to the residual stream; takes it over.</summary>
    private static Tensor Join(IOps ops, ForwardPlan plan, Tensor x, Tensor added)
    {
        using Tensor kept = plan.Drop(ops, added, plan.Rates.Residual);
        return ops.Add(x, kept);
    }

    private static Tensor NormAndDispose(IOps ops, Tensor x, NormWeight norm)
    {
        using (x)
            return ops.Norm(x, norm);
    }

    private sealed class Pre(WeightBuilder weights, LayerSpec spec, int width, AttentionBias? bias, int memoryLayer)
        : Block(weights, spec, width, bias, memoryLayer)
    {
        public override Tensor Forward(IOps ops, Tensor x, ForwardPlan plan)
        {
            using Tensor normed = ops.Norm(x, _norm1);
            using Tensor h = Join(ops, plan, x, _attention.Forward(ops, normed, plan));
            using Tensor c = Cross(ops, h, plan);
            using Tensor normed2 = ops.Norm(c, _norm2);
            return Join(ops, plan, c, _feedForward.Forward(ops, normed2, plan));
        }

        private Tensor Cross(IOps ops, Tensor h, ForwardPlan plan)
        {
            if (_cross is null)
                return h.Retain();
            using Tensor normed = ops.Norm(h, _crossNorm!);
            return Join(ops, plan, h, _cross.ForwardCross(ops, normed, plan));
        }
    }

    private sealed class Post(WeightBuilder weights, LayerSpec spec, int width, AttentionBias? bias, int memoryLayer)
        : Block(weights, spec, width, bias, memoryLayer)
    {
        public override Tensor Forward(IOps ops, Tensor x, ForwardPlan plan)
        {
            using Tensor h = NormAndDispose(ops, Join(ops, plan, x, _attention.Forward(ops, x, plan)), _norm1);
            using Tensor c = Cross(ops, h, plan);
            return NormAndDispose(ops, Join(ops, plan, c, _feedForward.Forward(ops, c, plan)), _norm2);
        }

        private Tensor Cross(IOps ops, Tensor h, ForwardPlan plan) => _cross is null
            ? h.Retain()
            : NormAndDispose(ops, Join(ops, plan, h, _cross.ForwardCross(ops, h, plan)), _crossNorm!);
    }

    private sealed class Sandwich(WeightBuilder weights, LayerSpec spec, int width, AttentionBias? bias, int memoryLayer)
        : Block(weights, spec, width, bias, memoryLayer)
    {
        private readonly NormWeight _after1 = weights.Norm("after1", spec.Norm, width);
        private readonly NormWeight _after2 = weights.Norm("after2", spec.Norm, width);

        public override Tensor Forward(IOps ops, Tensor x, ForwardPlan plan)
        {
            using Tensor normed = ops.Norm(x, _norm1);
            using Tensor h = Join(ops, plan, x, NormAndDispose(ops, _attention.Forward(ops, normed, plan), _after1));
            using Tensor normed2 = ops.Norm(h, _norm2);
            return Join(ops, plan, h, NormAndDispose(ops, _feedForward.Forward(ops, normed2, plan), _after2));
        }
    }

    private sealed class Parallel(WeightBuilder weights, LayerSpec spec, int width, AttentionBias? bias, int memoryLayer)
        : Block(weights, spec, width, bias, memoryLayer)
    {
        public override Tensor Forward(IOps ops, Tensor x, ForwardPlan plan)
        {
            using Tensor normed = ops.Norm(x, _norm1);
            using Tensor normed2 = ops.Norm(x, _norm2);
            using Tensor h = Join(ops, plan, x, _attention.Forward(ops, normed, plan));
            return Join(ops, plan, h, _feedForward.Forward(ops, normed2, plan));
        }
    }

    private sealed class NormedResidual(WeightBuilder weights, LayerSpec spec, int width, AttentionBias? bias, int memoryLayer)
        : Block(weights, spec, width, bias, memoryLayer)
    {
        public override Tensor Forward(IOps ops, Tensor x, ForwardPlan plan)
        {
            using Tensor normed = ops.Norm(x, _norm1);
            using Tensor h = Join(ops, plan, normed, _attention.Forward(ops, normed, plan));
            using Tensor normed2 = ops.Norm(h, _norm2);
            return Join(ops, plan, normed2, _feedForward.Forward(ops, normed2, plan));
        }
    }
}
