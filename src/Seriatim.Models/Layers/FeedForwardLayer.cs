namespace Seriatim.Models;

/// <summary>What happens to each row by itself.</summary>
internal abstract class FeedForwardLayer
{
    /// <summary>x <c>[N, E] → [N, E]</c>.</summary>
    public abstract Tensor Forward(IOps ops, Tensor x, ForwardPlan plan);

    /// <summary>The same for those that read the residual stream besides what was normed.</summary>
    public virtual Tensor Forward(IOps ops, Tensor x, Tensor residual, ForwardPlan plan) => Forward(ops, x, plan);

    public static FeedForwardLayer Build(WeightBuilder weights, FeedForwardSpec spec, int width)
    {
        weights = weights.For(OpPart.FeedForward);
        return spec switch
        {
            FeedForwardSpec.Dense dense => new Dense(weights, dense, width),
            FeedForwardSpec.Gated gated => new Gated(weights, gated, width),
            FeedForwardSpec.Beside beside => new BesideLayer(weights, beside, width),
            FeedForwardSpec.Experts experts => new ExpertsLayer(weights, experts, width),
            _ => throw new NotSupportedException($"The feed-forward layer {spec} is not built."),
        };
    }

    /// <summary>Where the shapes come from, in the words of the config.</summary>
    protected static string Why(int inner, int width) => $"intermediate size {inner}, hidden size {width}";

    private sealed class Dense(WeightBuilder weights, FeedForwardSpec.Dense spec, int width) : FeedForwardLayer
    {
        private readonly LinearWeight _up = weights.Linear("up", spec.Width, width, spec.Bias, Why(spec.Width, width));
        private readonly LinearWeight _down = weights.Linear("down", width, spec.Width, spec.Bias, Why(spec.Width, width));

        public override Tensor Forward(IOps ops, Tensor x, ForwardPlan plan)
        {
            using Tensor up = ops.Linear(x, _up, plan.Groups);
            using Tensor active = plan.Drop(ops, ops.Activate(up, spec.Activation), plan.Rates.Activation);
            return ops.Linear(active, _down, plan.Groups);
        }
    }

    protected sealed class Gated(WeightBuilder weights, FeedForwardSpec.Gated spec, int width) : FeedForwardLayer
    {
        private readonly LinearWeight _gate = weights.Linear("gate", spec.Width, width, spec.Bias, Why(spec.Width, width));
        private readonly LinearWeight _up = weights.Linear("up", spec.Width, width, spec.Bias, Why(spec.Width, width));
        private readonly LinearWeight _down = weights.Linear("down", width, spec.Width, spec.Bias, Why(spec.Width, width));

        public override Tensor Forward(IOps ops, Tensor x, ForwardPlan plan)
        {
            (Tensor gate, Tensor up) = ops.LinearMany(x, _gate, _up, plan.Groups);
            using (gate)
            using (up)
            {
                using Tensor scaled = Scaled(ops, gate.Retain(), spec.GateScale);
                using Tensor active = plan.Drop(ops, Activated(ops, scaled, up, spec), plan.Rates.Activation);
                return Scaled(ops, ops.Linear(active, _down, plan.Groups), spec.OutputScale);
            }
        }

        private static Tensor Scaled(IOps ops, Tensor x, float factor)
        {
            if (factor == 1)
                return x;
            using (x)
                return ops.Scale(x, factor);
        }

        /// <summary><c>f(gate) · up</c>, cut off if the spec says so.</summary>
        public static Tensor Activated(IOps ops, Tensor gate, Tensor up, FeedForwardSpec.Gated spec)
        {
            if (spec is { Limit: 0, UpTerm: 0 })
                return ops.GatedActivate(gate, up, spec.Activation);
            float limit = spec.Limit > 0 ? spec.Limit : float.PositiveInfinity;
            using Tensor low = ops.Clamp(gate, float.NegativeInfinity, limit);
            using Tensor both = ops.Clamp(up, -limit, limit, spec.UpTerm);
            return ops.GatedActivate(low, both, spec.Activation);
        }
    }
}
