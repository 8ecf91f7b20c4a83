namespace Seriatim.Models;

/// <summary>
/// A selective state space layer (Gu and Dao, 2023: Mamba, figure 3): <c>u = f(convolution(x))</c>,
/// <c>dt = softplus(step(norm(low(u))))</c>, <c>o(scan(u, dt, norm(B(u)), norm(C(u))) · f(z))</c>. The norms are those of Jamba
/// (with factors) and of FalconMamba (without).
/// </summary>
internal sealed class MambaLayer : Mixer
{
    private readonly LinearWeight _x, _z, _low, _b, _c, _step, _o;
    private readonly Parameter _filter, _logRates, _skip;
    private readonly Parameter? _filterBias;
    private readonly NormWeight? _lowNorm, _bNorm, _cNorm;
    private readonly Activation _activation;
    private readonly MemoryPlace _place;

    public MambaLayer(WeightBuilder weights, MixerSpec.Mamba spec, int width, MemoryPlace place)
    {
        weights = weights.For(OpPart.Attention);
        string why = $"inner size {spec.Inner}, hidden size {width}";
        string whyStates = $"inner size {spec.Inner}, {spec.States} states of a channel";
        string whySteps = $"inner size {spec.Inner}, time step rank {spec.Rank}";
        _x = weights.Linear("x", spec.Inner, width, spec.Bias, why);
        _z = weights.Linear("z", spec.Inner, width, spec.Bias, why);
        (_filter, _filterBias) = weights.Filter("convolution", spec.Inner, spec.Kernel, spec.ConvolutionBias,
            $"inner size {spec.Inner}, a kernel of {spec.Kernel}");
        _low = weights.Linear("low", spec.Rank, spec.Inner, bias: false, whySteps);
        _b = weights.Linear("b", spec.States, spec.Inner, bias: false, whyStates);
        _c = weights.Linear("c", spec.States, spec.Inner, bias: false, whyStates);
        _lowNorm = Norm(weights, "low_norm", spec, spec.Rank);
        _bNorm = Norm(weights, "b_norm", spec, spec.States);
        _cNorm = Norm(weights, "c_norm", spec, spec.States);

        // Steps begin as the bias says: what is added must be small beside it (Gu and Dao, 2023, reference code).
        _step = weights.Linear("step", spec.Inner, spec.Rank, bias: true, whySteps, 1 / MathF.Sqrt(3), spec.Steps);
        _logRates = weights.Rates("log_rates", spec.Inner, spec.States, whyStates);
        _skip = weights.Ones("skip", spec.Inner, $"inner size {spec.Inner}");
        _o = weights.Linear("o", width, spec.Inner, spec.Bias, why);
        (_activation, _place) = (spec.Activation, place);
    }

    public override Tensor Forward(IOps ops, Tensor x, ForwardPlan plan)
    {
        (Tensor into, Tensor z) = ops.LinearMany(x, _x, _z, plan.Groups);
        using (into)
        using (z)
        {
            using Tensor mixed = ops.CausalConvolution(into, _filter, _filterBias, plan.States(_place.Kind), _place.Layer);
            using Tensor u = ops.Activate(mixed, _activation);
            using Tensor y = Scan(ops, u, plan);
            using Tensor gated = ops.GatedActivate(z, y, _activation);
            return ops.Linear(gated, _o, plan.Groups);
        }
    }

    private Tensor Scan(IOps ops, Tensor u, ForwardPlan plan)
    {
        (Tensor low, Tensor b, Tensor c) = ops.LinearMany(u, _low, _b, _c, plan.Groups);
        using Tensor lowNormed = Normed(ops, low, _lowNorm), bNormed = Normed(ops, b, _bNorm), cNormed = Normed(ops, c, _cNorm);
        using Tensor steps = ops.Linear(lowNormed, _step, plan.Groups);
        using Tensor dt = ops.Activate(steps, Activation.Softplus);
        return ops.SelectiveScan(u, dt, bNormed, cNormed, _logRates, _skip, plan.States(_place.Kind), _place.Layer + 1);
    }

    /// <summary>The norm of what is taken over, if there is one.</summary>
    private static Tensor Normed(IOps ops, Tensor x, NormWeight? norm)
    {
        if (norm is null)
            return x;
        using (x)
            return ops.Norm(x, norm);
    }

    private static NormWeight? Norm(WeightBuilder weights, string name, MixerSpec.Mamba spec, int width)
    {
        if (spec.NormEpsilon is not { } epsilon)
            return null;
        return spec.NormFactors
            ? weights.Norm(name, new NormSpec(NormKind.Rms, epsilon, Bias: false), width)
            : new NormWeight(NormKind.Rms, null, null, epsilon);
    }
}
