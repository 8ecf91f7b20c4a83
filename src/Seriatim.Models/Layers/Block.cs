namespace Seriatim.Models;

/// <summary>
/// One layer of a stack: a mixer, attention to the encoder if any, a feed-forward layer if any, joined as its placement says.
/// </summary>
internal abstract class Block
{
    private readonly Mixer _mixer;
    private readonly AttentionLayer? _cross;
    private readonly FeedForwardLayer? _feedForward;
    private readonly NormLayer _norm1;
    private readonly NormLayer? _crossNorm;
    private readonly NormLayer? _norm2;
    private readonly Func<IOps, Tensor, Tensor, Tensor> _join, _joinCross;
    private readonly float _residualScale;
    private readonly bool _runsOnce;
    private readonly LayerInput? _input;
    private readonly Parameter? _outputFactor;

    private Block(in BlockPart part)
    {
        (WeightBuilder weights, LayerSpec spec, int width) = (part.Weights, part.Spec, part.Width);
        _join = spec.Residual ? Sum : Second;
        _joinCross = spec.CrossResidual ?? spec.Residual ? Sum : Second;
        _norm1 = NormLayer.Build(weights, "norm1", spec.NormsMixer ? spec.Norm : null, width);
        _mixer = spec.Mixer.Build(new MixerPart(weights, part.Inputs, part.Bias, part.Places)
        {
            Number = part.Number,
            IsRead = part.IsRead,
        });
        _residualScale = spec.ResidualScale;
        _runsOnce = part.IsRead || spec.Mixer.MemoryOf is not null;
        if (spec.Cross is { } cross)
        {
            _crossNorm = NormLayer.Build(weights, "cross_norm", spec.Norm, width);
            _cross = new AttentionLayer(weights.At("cross"), cross, width, null, part.CrossPlace);
        }

        if (spec.FeedForward is { } feedForward)
        {
            bool one = spec.Placement is Placement.ParallelOfOne;
            _norm2 = one ? null : NormLayer.Build(weights, "norm2", spec.Norm, width);
            _feedForward = FeedForwardLayer.Build(weights.At("mlp"), feedForward, width);
        }

        _input = part.LayerInputs is { } input ? new LayerInput(weights.At("input"), input, width, part.Number) : null;
        _outputFactor = spec.OutputFactor ? weights.Ones("factor", 1, "one factor of the layer") : null;
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
        Placement.AfterParts when part.Spec.Cross is null => new AfterParts(part),
        Placement.ParallelOfOne when part.Spec.Cross is null => new ParallelOfOne(part),
        Placement.Parallel when part.Spec.Cross is null => new Parallel(part),
        Placement.NormedResidual when part.Spec.Cross is null => new NormedResidual(part),
        Placement.Reversible when !part.Spec.Residual => throw new NotSupportedException(
            "A reversible layer without its residuals is not built: what it reads would not follow from what it makes."),
        Placement.Reversible when part.Spec is { Cross: null, FeedForward: not null } => new Reversible(part),
        Placement.Reversible when part.Spec.Cross is null => throw new NotSupportedException(
            "A reversible layer without a feed-forward layer is not built: its second half would never change."),
        _ => throw new NotSupportedException($"The placement {part.Spec.Placement} with cross-attention is not built."),
    };

    /// <summary>
    /// Adds what a layer made, after dropout, to what is there, or has it in its place; takes it over.
    /// </summary>
    private Tensor Join(IOps ops, ForwardPlan plan, Tensor x, Tensor made) => Join(ops, plan, x, made, _join);

    private Tensor Join(IOps ops, ForwardPlan plan, Tensor x, Tensor made, Func<IOps, Tensor, Tensor, Tensor> join)
    {
        using Tensor kept = plan.Drop(ops, made, plan.Rates.Residual);
        using Tensor scaled = _residualScale == 1 ? kept.Retain() : ops.Scale(kept, _residualScale);
        return join(ops, x, scaled);
    }

    /// <summary>What follows the parts of a layer: its own input, and a factor; takes x over.</summary>
    private Tensor Ended(IOps ops, Tensor x, ForwardPlan plan)
    {
        if (_input is null && _outputFactor is null)
            return x;
        using (x)
        {
            Tensor given = _input is null ? x.Retain() : _input.Add(ops, x, plan);
            if (_outputFactor is null)
                return given;
            using (given)
                return ops.ScaleColumns(given, _outputFactor);
        }
    }

    private static Tensor Sum(IOps ops, Tensor x, Tensor made) => ops.Add(x, made);

    private static Tensor Second(IOps ops, Tensor x, Tensor made) => made.Retain();

    /// <summary>A layer that adds to one stream.</summary>
    private abstract class OneStream(in BlockPart part) : Block(part)
    {
        public override Tensor Run(IOps ops, Tensor x, ForwardPlan plan, int number)
        {
            // A tape that forgets what is within a layer would lose the gradients of keys and values that go to another one.
            if (_runsOnce)
            {
                plan.EnterLayer(number);
                return Ended(ops, Forward(ops, x, plan), plan);
            }

            return ops.Recompute(x, plan.Encoded ?? plan.LayerInputs, (Block: this, Plan: plan, Number: number),
                static (ops, x, layer) =>
                {
                    layer.Plan.EnterLayer(layer.Number);
                    return layer.Block.Ended(ops, layer.Block.Forward(ops, x, layer.Plan), layer.Plan);
                }, static layer => layer.Plan.Retain());
        }

        /// <summary>x <c>[N, E] → [N, E]</c>.</summary>
        protected abstract Tensor Forward(IOps ops, Tensor x, ForwardPlan plan);
    }

    private sealed class Pre(in BlockPart part) : OneStream(part)
    {
        protected override Tensor Forward(IOps ops, Tensor x, ForwardPlan plan)
        {
            using Tensor normed = _norm1.Forward(ops, x, plan);
            using Tensor h = Join(ops, plan, x, _mixer.Forward(ops, normed, plan));
            using Tensor c = Cross(ops, h, plan);
            if (_feedForward is null)
                return c.Retain();
            using Tensor normed2 = _norm2!.Forward(ops, c, plan);
            return Join(ops, plan, c, _feedForward.Forward(ops, normed2, plan));
        }

        private Tensor Cross(IOps ops, Tensor h, ForwardPlan plan)
        {
            if (_cross is null)
                return h.Retain();
            using Tensor normed = _crossNorm!.Forward(ops, h, plan);
            return Join(ops, plan, h, _cross.ForwardCross(ops, normed, plan), _joinCross);
        }
    }

    private sealed class Post(in BlockPart part) : OneStream(part)
    {
        protected override Tensor Forward(IOps ops, Tensor x, ForwardPlan plan)
        {
            using Tensor h = _norm1.Replace(ops, Join(ops, plan, x, _mixer.Forward(ops, x, plan)), plan);
            using Tensor c = Cross(ops, h, plan);
            return _feedForward is null
                ? c.Retain()
                : _norm2!.Replace(ops, Join(ops, plan, c, _feedForward.Forward(ops, c, plan)), plan);
        }

        private Tensor Cross(IOps ops, Tensor h, ForwardPlan plan) => _cross is null
            ? h.Retain()
            : _crossNorm!.Replace(ops, Join(ops, plan, h, _cross.ForwardCross(ops, h, plan), _joinCross), plan);
    }

    private sealed class Sandwich(in BlockPart part) : OneStream(part)
    {
        private readonly NormLayer _after1 = NormLayer.Build(part.Weights, "after1", part.Spec.Norm, part.Width);
        private readonly NormLayer? _after2 = part.Spec.FeedForward is null ? null
            : NormLayer.Build(part.Weights, "after2", part.Spec.Norm, part.Width);

        protected override Tensor Forward(IOps ops, Tensor x, ForwardPlan plan)
        {
            using Tensor normed = _norm1.Forward(ops, x, plan);
            using Tensor h = Join(ops, plan, x, _after1.Replace(ops, _mixer.Forward(ops, normed, plan), plan));
            if (_feedForward is null)
                return h.Retain();
            using Tensor normed2 = _norm2!.Forward(ops, h, plan);
            return Join(ops, plan, h, _after2!.Replace(ops, _feedForward.Forward(ops, normed2, h, plan), plan));
        }
    }

    private sealed class AfterParts(in BlockPart part) : OneStream(part)
    {
        protected override Tensor Forward(IOps ops, Tensor x, ForwardPlan plan)
        {
            using Tensor h = Join(ops, plan, x, _norm1.Replace(ops, _mixer.Forward(ops, x, plan), plan));
            return _feedForward is null
                ? h.Retain()
                : Join(ops, plan, h, _norm2!.Replace(ops, _feedForward.Forward(ops, h, plan), plan));
        }
    }

    private sealed class ParallelOfOne(in BlockPart part) : OneStream(part)
    {
        protected override Tensor Forward(IOps ops, Tensor x, ForwardPlan plan)
        {
            using Tensor normed = _norm1.Forward(ops, x, plan);
            using Tensor h = Join(ops, plan, x, _mixer.Forward(ops, normed, plan));
            return _feedForward is null ? h.Retain() : Join(ops, plan, h, _feedForward.Forward(ops, normed, plan));
        }
    }

    private sealed class Parallel(in BlockPart part) : OneStream(part)
    {
        protected override Tensor Forward(IOps ops, Tensor x, ForwardPlan plan)
        {
            using Tensor normed = _norm1.Forward(ops, x, plan);
            if (_feedForward is null)
                return Join(ops, plan, x, _mixer.Forward(ops, normed, plan));
            using Tensor normed2 = _norm2!.Forward(ops, x, plan);
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
            using Tensor normed = _norm1.Forward(ops, x, plan);
            return plan.Drop(ops, _mixer.Forward(ops, normed, plan), plan.Rates.Residual);
        }

        private Tensor Fed(IOps ops, Tensor x, ForwardPlan plan)
        {
            using Tensor normed = _norm2!.Forward(ops, x, plan);
            return plan.Drop(ops, _feedForward!.Forward(ops, normed, plan), plan.Rates.Residual);
        }
    }

    private sealed class NormedResidual(in BlockPart part) : OneStream(part)
    {
        protected override Tensor Forward(IOps ops, Tensor x, ForwardPlan plan)
        {
            using Tensor normed = _norm1.Forward(ops, x, plan);
            using Tensor h = Join(ops, plan, normed, _mixer.Forward(ops, normed, plan));
            if (_feedForward is null)
                return h.Retain();
            using Tensor normed2 = _norm2!.Forward(ops, h, plan);
            return Join(ops, plan, normed2, _feedForward.Forward(ops, normed2, plan));
        }
    }
}
