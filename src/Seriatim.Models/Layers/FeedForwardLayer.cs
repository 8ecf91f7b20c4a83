namespace Seriatim.Models;

/// <summary>What happens to each row by itself.</summary>
internal abstract class FeedForwardLayer
{
    /// <summary>x <c>[N, E] → [N, E]</c>.</summary>
    public abstract Tensor Forward(IOps ops, Tensor x, ForwardPlan plan);

    public static FeedForwardLayer Build(WeightBuilder weights, FeedForwardSpec spec, int width)
    {
        weights = weights.For(OpPart.FeedForward);
        return spec switch
        {
            FeedForwardSpec.Dense dense => new Dense(weights, dense, width),
            FeedForwardSpec.Gated gated => new Gated(weights, gated, width),
            FeedForwardSpec.Experts experts => new Experts(weights, experts, width),
            _ => throw new NotSupportedException($"The feed-forward layer {spec} is not built."),
        };
    }

    private static string Why(int inner, int width) => $"intermediate size {inner}, hidden size {width}";

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

    private sealed class Gated(WeightBuilder weights, FeedForwardSpec.Gated spec, int width) : FeedForwardLayer
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
                using Tensor active = plan.Drop(ops, ops.GatedActivate(gate, up, spec.Activation), plan.Rates.Activation);
                return ops.Linear(active, _down, plan.Groups);
            }
        }
    }

    private sealed class Experts : FeedForwardLayer
    {
        private readonly FeedForwardSpec.Experts _spec;
        private readonly LinearWeight _router;
        private readonly LinearWeight[] _gates;
        private readonly LinearWeight[] _ups;
        private readonly LinearWeight[] _downs;

        public Experts(WeightBuilder weights, FeedForwardSpec.Experts spec, int width)
        {
            _spec = spec;
            (int inner, bool bias) = (spec.Expert.Width, spec.Expert.Bias);
            _router = weights.Linear("router", spec.Count, width, bias: false, $"{spec.Count} experts, hidden size {width}");
            _gates = new LinearWeight[spec.Count];
            _ups = new LinearWeight[spec.Count];
            _downs = new LinearWeight[spec.Count];
            for (int e = 0; e < spec.Count; e++)
            {
                WeightBuilder expert = weights.At("experts", e);
                _gates[e] = expert.Linear("gate", inner, width, bias, Why(inner, width));
                _ups[e] = expert.Linear("up", inner, width, bias, Why(inner, width));
                _downs[e] = expert.Linear("down", width, inner, bias, Why(inner, width));
            }
        }

        public override Tensor Forward(IOps ops, Tensor x, ForwardPlan plan)
        {
            using Tensor scores = ops.Linear(x, _router, plan.Groups);
            using ExpertRouting routing = ops.RouteExperts(scores, _spec.PerToken, _spec.Renormalise);
            using Tensor pairs = ops.DispatchToExperts(x, routing);
            using Tensor gate = ops.LinearExperts(pairs, _gates, routing, plan.Groups);
            using Tensor up = ops.LinearExperts(pairs, _ups, routing, plan.Groups);
            using Tensor active = plan.Drop(ops, ops.GatedActivate(gate, up, _spec.Expert.Activation), plan.Rates.Activation);
            using Tensor down = ops.LinearExperts(active, _downs, routing, plan.Groups);
            return ops.CombineExperts(down, routing);
        }
    }
}
