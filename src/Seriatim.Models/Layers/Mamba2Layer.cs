namespace Seriatim.Models;

/// <summary>
/// The layer of Mamba-2 (Dao and Gu, 2024, section 7): <c>x, B, C = f(convolution(linear(h)))</c>, <c>y = ssd(Δ x, B, C) + D
/// x</c>, <c>o(norm(y · silu(z)))</c>. Its state is in four parts: the tails of the three convolutions, and the states of the
/// heads.
/// </summary>
internal sealed class Mamba2Layer : Mixer
{
    private const int StatesPart = 3;

    private readonly LinearWeight _z;
    private readonly LinearWeight _x;
    private readonly LinearWeight _b;
    private readonly LinearWeight _c;
    private readonly LinearWeight _step;
    private readonly LinearWeight _o;
    private readonly (Parameter Weight, Parameter? Bias) _filterX;
    private readonly (Parameter Weight, Parameter? Bias) _filterB;
    private readonly (Parameter Weight, Parameter? Bias) _filterC;
    private readonly Parameter _stepBias;
    private readonly Parameter _logRates;
    private readonly Parameter _skip;
    private readonly NormWeight? _norm;
    private readonly Parameter? _normFactors;
    private readonly MixerSpec.Mamba2 _spec;
    private readonly MemoryPlace _place;

    public Mamba2Layer(WeightBuilder weights, MixerSpec.Mamba2 spec, int width, MemoryPlace place)
    {
        weights = weights.For(OpPart.Attention);
        int shared = spec.Groups * spec.States;
        string why = $"heads {spec.Heads} x head dimension {spec.HeadDim}, hidden size {width}";
        string whyShared = $"groups {spec.Groups} x state size {spec.States}, hidden size {width}";
        string whyHeads = $"heads {spec.Heads}";
        _z = weights.Linear("z", spec.Inner, width, spec.Bias, why);
        _x = weights.Linear("x", spec.Inner, width, spec.Bias, why);
        _b = weights.Linear("b", shared, width, spec.Bias, whyShared);
        _c = weights.Linear("c", shared, width, spec.Bias, whyShared);
        _step = weights.Linear("step", spec.Heads, width, spec.Bias, $"{whyHeads}, hidden size {width}");
        _filterX = Filter(weights, "x", spec, spec.Inner, why);
        _filterB = Filter(weights, "b", spec, shared, whyShared);
        _filterC = Filter(weights, "c", spec, shared, whyShared);
        _stepBias = weights.Steps("step_bias", spec.Heads, spec.Steps, whyHeads);
        _logRates = weights.Rates("log_rates", spec.Heads, whyHeads);
        _skip = weights.Ones("skip", spec.Heads, whyHeads);
        if (spec.NormChannels == spec.Inner)
        {
            _norm = weights.Norm("norm", new NormSpec(NormKind.Rms, spec.Epsilon, Bias: false), spec.Inner);
        }
        else if (spec.NormChannels > 0)
        {
            _norm = new NormWeight(NormKind.Rms, null, null, spec.Epsilon) { Width = spec.NormChannels };
            _normFactors = weights.Factors("norm", spec.Inner, why);
        }

        _o = weights.Linear("o", width, spec.Inner, spec.OutputBias, why);
        (_spec, _place) = (spec, place);
    }

    public override Tensor Forward(IOps ops, Tensor x, ForwardPlan plan)
    {
        (Tensor z, Tensor raw) = ops.LinearMany(x, _z, _x, plan.Groups);
        z = Scaled(ops, z, _spec.Scales.Z);
        raw = Scaled(ops, raw, _spec.Scales.X);
        using (z)
        using (raw)
        {
            using Tensor inner = Convolve(ops, raw, _filterX, plan, 0);
            using Tensor y = Mix(ops, x, inner, plan);
            using Tensor gated = Gated(ops, y, z);
            return ops.Linear(gated, _o, plan.Groups);
        }
    }

    /// <summary>The gate and the norm, in the order of the spec.</summary>
    private Tensor Gated(IOps ops, Tensor y, Tensor z)
    {
        using Tensor first = _spec.NormsBeforeGate ? Normed(ops, y) : ops.GatedActivate(z, y, Activation.Silu);
        return _spec.NormsBeforeGate ? ops.GatedActivate(z, first, Activation.Silu) : Normed(ops, first);
    }

    private Tensor Normed(IOps ops, Tensor x)
    {
        if (_norm is null)
            return x.Retain();
        Tensor normed = ops.Norm(x, _norm);
        if (_normFactors is null)
            return normed;
        using (normed)
            return ops.ScaleColumns(normed, _normFactors);
    }

    private static Tensor Scaled(IOps ops, Tensor x, float factor)
    {
        if (factor == 1)
            return x;
        using (x)
            return ops.Scale(x, factor);
    }

    /// <summary>The state space over the channels after their convolution, with its skip.</summary>
    private Tensor Mix(IOps ops, Tensor x, Tensor inner, ForwardPlan plan)
    {
        (Tensor b, Tensor c, Tensor steps) = ops.LinearMany(x, _b, _c, _step, plan.Groups);
        (b, c, steps) = (Scaled(ops, b, _spec.Scales.B), Scaled(ops, c, _spec.Scales.C), Scaled(ops, steps, _spec.Scales.Step));
        using (b)
        using (c)
        using (steps)
        {
            using Tensor keys = Convolve(ops, b, _filterB, plan, 1);
            using Tensor queries = Convolve(ops, c, _filterC, plan, 2);
            (Tensor values, Tensor logs) = ops.SelectiveSteps(
                inner, steps, _stepBias, _logRates, _spec.LowestStep, _spec.HighestStep);
            using (values)
            using (logs)
            {
                using Tensor mixed = ops.LinearRecurrence(queries, keys, values, LinearDecay.OfRows(logs), _spec.Groups,
                    plan.States(_place.Kind), _place.Layer + StatesPart);
                return ops.AddScaled(mixed, inner, _skip);
            }
        }
    }

    private Tensor Convolve(IOps ops, Tensor x, (Parameter Weight, Parameter? Bias) filter, ForwardPlan plan, int part)
    {
        using Tensor convolved = ops.CausalConvolution(
            x, filter.Weight, filter.Bias, plan.States(_place.Kind), _place.Layer + part);
        return ops.Activate(convolved, _spec.Activation);
    }

    private static (Parameter Weight, Parameter? Bias) Filter(
        WeightBuilder weights, string part, MixerSpec.Mamba2 spec, int channels, string why) =>
        weights.At("convolution").Filter(part, channels, spec.Kernel, spec.ConvolutionBias, why);
}
