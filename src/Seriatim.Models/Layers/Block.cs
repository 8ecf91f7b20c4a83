namespace Seriatim.Models;

/// <summary>
/// One layer of a stack: a mixer, attention to the encoder if any, a feed-forward layer if any, joined as its placement says.
/// </summary>
internal abstract class Block
{
    private readonly Mixer _mixer;
    private readonly AttentionLayer? _cross;
    private readonly FeedForwardLayer? _feedForward;
    private readonly NormWeight _norm1;
    private readonly NormWeight? _crossNorm;
    private readonly NormWeight? _norm2;

    private Block(in BlockPart part)
    {
        (WeightBuilder weights, LayerSpec spec, int width) = (part.Weights, part.Spec, part.Width);
        _norm1 = weights.Norm("norm1", spec.Norm, width);
        _mixer = spec.Mixer.Build(new MixerPart(weights, width, part.Bias, part.Place));
        if (spec.Cross is { } cross)
        {
            _crossNorm = weights.Norm("cross_norm", spec.Norm, width);
            _cross = new AttentionLayer(weights.At("cross"), cross, width, null, part.CrossPlace);
        }

        if (spec.FeedForward is not { } feedForward)
            return;
        _norm2 = weights.Norm("norm2", spec.Norm, width);
        _feedForward = FeedForwardLayer.Build(weights.At("mlp"), feedForward, width);
    }

    /// <summary>
    /// The residual stream after the layer. A tape may keep what is there before it alone and run the layer again, or not even
    /// that.
    /// </summary>
    /// <param name="ops">The ops.</param>
    /// <param name="x">The residual stream before it, <c>[N, E]</c>, or <c>[N, 2E]</c> if it has two halves.</param>
    /// <param name="plan">What all layers share.</param>
    /// <param name="number">Its number in the stack, from which masks of dropout follow.</param>
    public abstract Tensor Run(IOps ops, Tensor x, ForwardPlan plan, int number);

    public static Block Build(in BlockPart part) => part.Spec.Placement switch
    {
        Placement.Pre => new Pre(part),
        Placement.Post => new Post(part),
        Placement.Sandwich when part.Spec.Cross is null => new Sandwich(part),
        Placement.Parallel when part.Spec.Cross is null => new Parallel(part),
        Placement.NormedResidual when part.Spec.Cross is null => new NormedResidual(part),
        Placement.Reversible when part.Spec is { Cross: null, FeedForward: not null } => new Reversible(part),
        Placement.Reversible when part.Spec.Cross is null => throw new NotSupportedException(
            "A reversible layer without a feed-forward layer is not built: its second half would never change."),
        _ => throw new NotSupportedException($"The placement {part.Spec.Placement} with cross-attention is not built."),
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

    /// <summary>A layer that adds to one stream.</summary>
    private abstract class OneStream(in BlockPart part) : Block(part)
    {
        public override Tensor Run(IOps ops, Tensor x, ForwardPlan plan, int number) =>
            ops.Recompute(x, plan.Encoded, (Block: this, Plan: plan, Number: number), static (ops, x, layer) =>
            {
                layer.Plan.EnterLayer(layer.Number);
                return layer.Block.Forward(ops, x, layer.Plan);
            }, static layer => layer.Plan.Retain());

        /// <summary>x <c>[N, E] → [N, E]</c>.</summary>
        protected abstract Tensor Forward(IOps ops, Tensor x, ForwardPlan plan);
    }

    private sealed class Pre(in BlockPart part) : OneStream(part)
    {
        protected override Tensor Forward(IOps ops, Tensor x, ForwardPlan plan)
        {
            using Tensor normed = ops.Norm(x, _norm1);
            using Tensor h = Join(ops, plan, x, _mixer.Forward(ops, normed, plan));
            using Tensor c = Cross(ops, h, plan);
            if (_feedForward is null)
                return c.Retain();
            using Tensor normed2 = ops.Norm(c, _norm2!);
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

    private sealed class Post(in BlockPart part) : OneStream(part)
    {
        protected override Tensor Forward(IOps ops, Tensor x, ForwardPlan plan)
        {
            using Tensor h = NormAndDispose(ops, Join(ops, plan, x, _mixer.Forward(ops, x, plan)), _norm1);
            using Tensor c = Cross(ops, h, plan);
            return _feedForward is null
                ? c.Retain()
                : NormAndDispose(ops, Join(ops, plan, c, _feedForward.Forward(ops, c, plan)), _norm2!);
        }

        private Tensor Cross(IOps ops, Tensor h, ForwardPlan plan) => _cross is null
            ? h.Retain()
            : NormAndDispose(ops, Join(ops, plan, h, _cross.ForwardCross(ops, h, plan)), _crossNorm!);
    }

    private sealed class Sandwich(in BlockPart part) : OneStream(part)
    {
        private readonly NormWeight _after1 = part.Weights.Norm("after1", part.Spec.Norm, part.Width);
        private readonly NormWeight? _after2 = part.Spec.FeedForward is null ? null
            : part.Weights.Norm("after2", part.Spec.Norm, part.Width);

        protected override Tensor Forward(IOps ops, Tensor x, ForwardPlan plan)
        {
            using Tensor normed = ops.Norm(x, _norm1);
            using Tensor h = Join(ops, plan, x, NormAndDispose(ops, _mixer.Forward(ops, normed, plan), _after1));
            if (_feedForward is null)
                return h.Retain();
            using Tensor normed2 = ops.Norm(h, _norm2!);
            return Join(ops, plan, h, NormAndDispose(ops, _feedForward.Forward(ops, normed2, plan), _after2!));
        }
    }

    private sealed class Parallel(in BlockPart part) : OneStream(part)
    {
        protected override Tensor Forward(IOps ops, Tensor x, ForwardPlan plan)
        {
            using Tensor normed = ops.Norm(x, _norm1);
            if (_feedForward is null)
                return Join(ops, plan, x, _mixer.Forward(ops, normed, plan));
            using Tensor normed2 = ops.Norm(x, _norm2!);
            using Tensor h = Join(ops, plan, x, _mixer.Forward(ops, normed, plan));
            return Join(ops, plan, h, _feedForward.Forward(ops, normed2, plan));
        }
    }

    /// <summary>x has two halves: each part reads one and adds to the other.</summary>
    private sealed class Reversible(in BlockPart part) : Block(part)
    {
        public override Tensor Run(IOps ops, Tensor x, ForwardPlan plan, int number) =>
            ops.Couple(x, (Block: this, Plan: plan, Number: number), static (ops, x2, layer) =>
            {
                layer.Plan.EnterLayer(layer.Number);
                return layer.Block.Mixed(ops, x2, layer.Plan);
            }, static (ops, y1, layer) =>
            {
                layer.Plan.EnterLayer(layer.Number, half: 1);
                return layer.Block.Fed(ops, y1, layer.Plan);
            }, static layer => layer.Plan.Retain());

        private Tensor Mixed(IOps ops, Tensor x, ForwardPlan plan)
        {
            using Tensor normed = ops.Norm(x, _norm1);
            return plan.Drop(ops, _mixer.Forward(ops, normed, plan), plan.Rates.Residual);
        }

        private Tensor Fed(IOps ops, Tensor x, ForwardPlan plan)
        {
            using Tensor normed = ops.Norm(x, _norm2!);
            return plan.Drop(ops, _feedForward!.Forward(ops, normed, plan), plan.Rates.Residual);
        }
    }

    private sealed class NormedResidual(in BlockPart part) : OneStream(part)
    {
        protected override Tensor Forward(IOps ops, Tensor x, ForwardPlan plan)
        {
            using Tensor normed = ops.Norm(x, _norm1);
            using Tensor h = Join(ops, plan, normed, _mixer.Forward(ops, normed, plan));
            if (_feedForward is null)
                return h.Retain();
            using Tensor normed2 = ops.Norm(h, _norm2!);
            return Join(ops, plan, normed2, _feedForward.Forward(ops, normed2, plan));
        }
    }
}

/// <summary>What a block is built from.</summary>
/// <param name="Weights">Its path.</param>
/// <param name="Spec">Its spec.</param>
/// <param name="Width">Features of a row, E.</param>
/// <param name="Bias">The bias of scores that the stack shares, or null.</param>
/// <param name="Place">Where its mixer finds its part of a memory.</param>
/// <param name="CrossPlace">Where its cross-attention does, if it has one.</param>
internal readonly record struct BlockPart(
    WeightBuilder Weights, LayerSpec Spec, int Width, AttentionBias? Bias, MemoryPlace Place, MemoryPlace CrossPlace);
