namespace Seriatim.Models;

/// <summary>The weighted sum of the best few of many gated layers, and of what all rows go through if there is that.</summary>
internal sealed class ExpertsLayer : FeedForwardLayer
{
    private readonly FeedForwardSpec.Experts _spec;
    private readonly ExpertRule _rule;
    private readonly LinearWeight _router;
    private readonly NormWeight? _routerNorm;
    private readonly LinearWeight[] _gates;
    private readonly LinearWeight[] _ups;
    private readonly LinearWeight[] _downs;
    private readonly FeedForwardLayer? _shared;
    private readonly LinearWeight? _sharedGate;

    /// <param name="weights">The path of the layer.</param>
    /// <param name="spec">Its spec.</param>
    /// <param name="width">Features of a row, E.</param>
    public ExpertsLayer(WeightBuilder weights, FeedForwardSpec.Experts spec, int width)
    {
        _spec = spec;
        (int inner, bool bias) = (spec.Expert.Width, spec.Expert.Bias);
        string why = $"{spec.Count} experts, hidden size {width}";
        _routerNorm = spec.Router.Norm is { } norm ? weights.Norm("router_norm", norm, width) : null;
        _router = weights.Linear("router", spec.Count, width, spec.Router.Bias, why);
        _rule = Rule(weights, spec.Router, spec.Count, why);
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

        if (spec.Shared is not { } shared)
            return;
        _shared = Build(weights.At("shared"), shared, width);
        _sharedGate = spec.SharedGate
            ? weights.Linear("shared_gate", 1, width, bias: false, $"one gate of the shared expert, hidden size {width}")
            : null;
    }

    public override Tensor Forward(IOps ops, Tensor x, ForwardPlan plan) => Forward(ops, x, x, plan);

    /// <summary>The same with rows of their own for the router.</summary>
    public override Tensor Forward(IOps ops, Tensor x, Tensor routed, ForwardPlan plan)
    {
        Tensor chosen = Chosen(ops, x, _spec.Router.Norm is null ? x : routed, plan);
        if (_shared is null)
            return chosen;
        using (chosen)
        {
            using Tensor shared = Shared(ops, x, plan);
            return ops.Add(chosen, shared);
        }
    }

    private Tensor Chosen(IOps ops, Tensor x, Tensor routed, ForwardPlan plan)
    {
        using Tensor normed = _routerNorm is null ? routed.Retain() : ops.Norm(routed, _routerNorm);
        using Tensor read = _spec.Router.InputScale == 1 ? normed.Retain() : ops.Scale(normed, _spec.Router.InputScale);
        using Tensor scores = ops.Linear(read, _router, plan.Groups);
        using ExpertRouting routing = ops.RouteExperts(scores, _rule);
        using Tensor pairs = Pairs(ops, x, routing);
        using Tensor gate = ops.LinearExperts(pairs, _gates, routing, plan.Groups);
        using Tensor up = ops.LinearExperts(pairs, _ups, routing, plan.Groups);
        using Tensor active = plan.Drop(ops, Gated.Activated(ops, gate, up, _spec.Expert), plan.Rates.Activation);
        using Tensor down = ops.LinearExperts(active, _downs, routing, plan.Groups);
        return ops.CombineExperts(down, routing, weighted: !_spec.Router.OnInput);
    }

    private Tensor Pairs(IOps ops, Tensor x, ExpertRouting routing)
    {
        Tensor pairs = ops.DispatchToExperts(x, routing);
        if (!_spec.Router.OnInput)
            return pairs;
        using (pairs)
            return ops.ScaleRows(pairs, routing.Weights);
    }

    private Tensor Shared(IOps ops, Tensor x, ForwardPlan plan)
    {
        Tensor made = _shared!.Forward(ops, x, plan);
        if (_sharedGate is null)
            return made;
        using (made)
        {
            using Tensor score = ops.Linear(x, _sharedGate, plan.Groups);
            using Tensor weight = ops.Activate(score, Activation.Sigmoid);
            return ops.ScaleRows(made, weight);
        }
    }

    private static ExpertRule Rule(WeightBuilder weights, RouterSpec router, int count, string why) => new(router.PerToken)
    {
        Score = router.Score,
        Renormalise = router.Renormalise,
        Epsilon = router.Epsilon,
        Scale = router.Scale,
        Groups = router.Groups,
        GroupsPerToken = router.GroupsPerToken,
        GroupsByTwo = router.GroupsByTwo,
        ChoiceBias = router.ChoiceBias ? weights.Constant("choice_bias", count, why) : null,
        ExpertFactors = router.ExpertFactors ? weights.Ones("expert_factors", count, why) : null,
    };
}
