namespace Seriatim.Models;

/// <summary>
/// Retention (Sun et al., 2023, section 2.2): <c>o(norm(retention(turn(q(x)), turn(k(x)) / √K, v(x))) · silu(gate(x)))</c>.
/// </summary>
internal sealed class RetentionLayer : Mixer
{
    private readonly LinearWeight _q;
    private readonly LinearWeight _k;
    private readonly LinearWeight _v;
    private readonly LinearWeight _gate;
    private readonly LinearWeight _o;
    private readonly NormWeight _norm;
    private readonly PositionSpec.Rope _rope;
    private readonly LinearDecay _decay;
    private readonly MixerSpec.Retention _spec;
    private readonly MemoryPlace _place;

    public RetentionLayer(WeightBuilder weights, MixerSpec.Retention spec, int width, MemoryPlace place)
    {
        weights = weights.For(OpPart.Attention);
        int keys = spec.Heads * spec.KeyDim, values = spec.Heads * spec.ValueDim;
        string why = $"heads {spec.Heads} x key features {spec.KeyDim}, hidden size {width}";
        string whyValues = $"heads {spec.Heads} x value features {spec.ValueDim}, hidden size {width}";
        _q = weights.Linear("q", keys, width, bias: false, why);
        _k = weights.Linear("k", keys, width, bias: false, why);
        _v = weights.Linear("v", values, width, bias: false, whyValues);
        _gate = weights.Linear("gate", values, width, bias: false, whyValues);
        _o = weights.Linear("o", width, values, bias: false, whyValues);
        _norm = new NormWeight(NormKind.Rms, null, null, spec.Epsilon) { Width = spec.ValueDim };
        (_rope, _decay, _spec, _place) = (spec.Rope(), LinearDecay.Constant(spec.Factors()), spec, place);
    }

    public override Tensor Forward(IOps ops, Tensor x, ForwardPlan plan)
    {
        // The angles come first: they are what can be refused, and nothing is held yet.
        RopeRows angles = plan.Rope(_rope, _spec.KeyDim);
        RecurrenceRows rows = plan.States(_place.Kind);
        using Tensor kept = Retain(ops, x, plan, angles, rows);
        using Tensor normed = ops.Norm(kept, _norm);
        using Tensor gate = ops.Linear(x, _gate, plan.Groups);
        using Tensor gated = ops.GatedActivate(gate, normed, Activation.Silu);
        return ops.Linear(gated, _o, plan.Groups);
    }

    private Tensor Retain(IOps ops, Tensor x, ForwardPlan plan, RopeRows angles, RecurrenceRows rows)
    {
        (Tensor q, Tensor k, Tensor v) = ops.LinearMany(x, _q, _k, _v, plan.Groups);
        using (q)
        using (k)
        using (v)
        {
            using Tensor queries = ops.Rope(q, angles);
            using Tensor scaled = ops.Scale(k, (float)(1 / Math.Sqrt(_spec.KeyDim)));
            using Tensor keys = ops.Rope(scaled, angles);
            return ops.LinearRecurrence(queries, keys, v, _decay, _spec.Heads, rows, _place.Layer);
        }
    }
}
