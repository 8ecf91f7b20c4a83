namespace Seriatim.Models;

/// <summary>Two mixers side by side on the same rows, each with factors before and after it.</summary>
internal sealed class BothLayer(Mixer first, Mixer second, MixerSpec.Both spec) : Mixer
{
    public override Tensor Forward(IOps ops, Tensor x, ForwardPlan plan)
    {
        using Tensor one = Run(ops, x, plan, first, (spec.Inputs.First, spec.Outputs.First));
        using Tensor other = Run(ops, x, plan, second, (spec.Inputs.Second, spec.Outputs.Second));
        return ops.Add(one, other);
    }

    private static Tensor Run(IOps ops, Tensor x, ForwardPlan plan, Mixer mixer, (float Before, float After) factors)
    {
        using Tensor taken = factors.Before == 1 ? x.Retain() : ops.Scale(x, factors.Before);
        Tensor made = mixer.Forward(ops, taken, plan);
        if (factors.After == 1)
            return made;
        using (made)
            return ops.Scale(made, factors.After);
    }
}
