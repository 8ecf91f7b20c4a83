namespace Seriatim.Models;

/// <summary>
/// A gated delta net (Yang et al., 2025, section 3.3): <c>q, k, v = silu(convolution(linear(x)))</c>, q and k of length 1,
/// <c>y = delta(q / √K, k, v)</c>, <c>o(norm(y) · silu(z))</c>. Its state is in four parts: the tails of the three
/// convolutions, and the states of the heads.
/// </summary>
internal sealed class GatedDeltaLayer : Mixer
{
    private const int StatesPart = 3;

    private readonly LinearWeight _q;
    private readonly LinearWeight _k;
    private readonly LinearWeight _v;
    private readonly LinearWeight _z;
    private readonly LinearWeight _beta;
    private readonly LinearWeight _step;
    private readonly LinearWeight _o;
    private readonly (Parameter Weight, Parameter? Bias) _filterQ;
    private readonly (Parameter Weight, Parameter? Bias) _filterK;
    private readonly (Parameter Weight, Parameter? Bias) _filterV;
    private readonly Parameter _stepBias;
    private readonly Parameter _logRates;
    private readonly NormWeight _norm;
    private readonly NormWeight _length;
    private readonly MixerSpec.GatedDelta _spec;
    private readonly MemoryPlace _place;

    public GatedDeltaLayer(WeightBuilder weights, MixerSpec.GatedDelta spec, int width, MemoryPlace place)
    {
        weights = weights.For(OpPart.Attention);
        string whyKeys = $"key heads {spec.KeyHeads} x {spec.KeyDim} features, hidden size {width}";
        string whyValues = $"value heads {spec.Heads} x {spec.ValueDim} features, hidden size {width}";
        string whyHeads = $"value heads {spec.Heads}";
        _q = weights.Linear("q", spec.KeyWidth, width, bias: false, whyKeys);
        _k = weights.Linear("k", spec.KeyWidth, width, bias: false, whyKeys);
        _v = weights.Linear("v", spec.ValueWidth, width, bias: false, whyValues);
        _z = weights.Linear("z", spec.ValueWidth, width, bias: false, whyValues);
        _beta = weights.Linear("beta", spec.Heads, width, bias: false, $"{whyHeads}, hidden size {width}");
        _step = weights.Linear("step", spec.Heads, width, bias: false, $"{whyHeads}, hidden size {width}");
        WeightBuilder filters = weights.At("convolution");
        _filterQ = filters.Filter("q", spec.KeyWidth, spec.Kernel, bias: false, whyKeys);
        _filterK = filters.Filter("k", spec.KeyWidth, spec.Kernel, bias: false, whyKeys);
        _filterV = filters.Filter("v", spec.ValueWidth, spec.Kernel, bias: false, whyValues);
        _stepBias = weights.Steps("step_bias", spec.Heads, StepRange.Usual, whyHeads);
        _logRates = weights.Rates("log_rates", spec.Heads, whyHeads);
        _norm = weights.Norm("norm", new NormSpec(NormKind.Rms, spec.Epsilon, Bias: false), spec.ValueDim);
        _o = weights.Linear("o", width, spec.ValueWidth, bias: false, whyValues);

        // A norm by the root of the mean, with the epsilon of the sum: the rest of the way to length 1 is a factor.
        _length = new NormWeight(NormKind.Rms, null, null, MixerSpec.GatedDelta.LengthEpsilon / spec.KeyDim)
        {
            Width = spec.KeyDim,
        };
        (_spec, _place) = (spec, place);
    }

    public override Tensor Forward(IOps ops, Tensor x, ForwardPlan plan)
    {
        using Tensor mixed = Mix(ops, x, plan);
        using Tensor normed = ops.Norm(mixed, _norm);
        using Tensor z = ops.Linear(x, _z, plan.Groups);
        using Tensor gated = ops.GatedActivate(z, normed, Activation.Silu);
        return ops.Linear(gated, _o, plan.Groups);
    }

    private Tensor Mix(IOps ops, Tensor x, ForwardPlan plan)
    {
        RecurrenceRows rows = plan.States(_place.Kind);
        (Tensor q, Tensor k, Tensor v) = ops.LinearMany(x, _q, _k, _v, plan.Groups);
        using (q)
        using (k)
        using (v)
        {
            using Tensor queries = OfLength(ops, Convolve(ops, q, _filterQ, rows, 0), 1f / _spec.KeyDim);
            using Tensor keys = OfLength(ops, Convolve(ops, k, _filterK, rows, 1), (float)(1 / Math.Sqrt(_spec.KeyDim)));
            using Tensor values = Convolve(ops, v, _filterV, rows, 2);
            (Tensor raw, Tensor steps) = ops.LinearMany(x, _beta, _step, plan.Groups);
            using (raw)
            using (steps)
            {
                using Tensor betas = ops.Activate(raw, Activation.Sigmoid);
                (Tensor unused, Tensor logs) = ops.SelectiveSteps(
                    steps, steps, _stepBias, _logRates, 0, float.PositiveInfinity);
                using (unused)
                using (logs)
                {
                    return ops.DeltaRule(
                        queries, keys, values, logs, betas, _spec.KeyHeads, rows, _place.Layer + StatesPart);
                }
            }
        }
    }

    private Tensor Convolve(
        IOps ops, Tensor x, (Parameter Weight, Parameter? Bias) filter, RecurrenceRows rows, int part)
    {
        using Tensor convolved = ops.CausalConvolution(x, filter.Weight, filter.Bias, rows, _place.Layer + part);
        return ops.Activate(convolved, Activation.Silu);
    }

    /// <summary>Each head divided by its length, times a factor; takes x over.</summary>
    private Tensor OfLength(IOps ops, Tensor x, float factor)
    {
        using (x)
        {
            using Tensor normed = ops.Norm(x, _length);
            return ops.Scale(normed, factor);
        }
    }
}
