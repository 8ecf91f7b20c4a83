namespace Seriatim.Models;

/// <summary>A short convolution between two gates: <c>o(c(x) · convolution(b(x) · x'))</c>.</summary>
internal sealed class ShortConvolutionLayer : Mixer
{
    private readonly LinearWeight _b;
    private readonly LinearWeight _c;
    private readonly LinearWeight _x;
    private readonly LinearWeight _o;
    private readonly (Parameter Weight, Parameter? Bias) _filter;
    private readonly MemoryPlace _place;

    public ShortConvolutionLayer(WeightBuilder weights, MixerSpec.ShortConvolution spec, int width, MemoryPlace place)
    {
        weights = weights.For(OpPart.Attention);
        string why = $"{spec.Width} channels, hidden size {width}";
        _b = weights.Linear("b", spec.Width, width, spec.Bias, why);
        _c = weights.Linear("c", spec.Width, width, spec.Bias, why);
        _x = weights.Linear("x", spec.Width, width, spec.Bias, why);
        _o = weights.Linear("o", width, spec.Width, spec.Bias, why);
        _filter = weights.Filter("filter", spec.Width, spec.Kernel, spec.Bias, $"{spec.Width} channels, {spec.Kernel} taps");
        _place = place;
    }

    public override Tensor Forward(IOps ops, Tensor x, ForwardPlan plan)
    {
        (Tensor b, Tensor c, Tensor inner) = ops.LinearMany(x, _b, _c, _x, plan.Groups);
        using (b)
        using (c)
        using (inner)
        {
            using Tensor gated = ops.GatedActivate(b, inner, Activation.Identity);
            using Tensor convolved = ops.CausalConvolution(
                gated, _filter.Weight, _filter.Bias, plan.States(_place.Kind), _place.Layer);
            using Tensor y = ops.GatedActivate(c, convolved, Activation.Identity);
            return ops.Linear(y, _o, plan.Groups);
        }
    }
}
