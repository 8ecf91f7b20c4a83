namespace Seriatim.Models;

/// <summary>
/// A gated linear recurrence (Feng et al., 2024: minGRU): <c>o(recurrence(z(x), v(x)) · silu(gate(x)))</c>. The paper has z and
/// v; the output gate and the output layer are those that gated linear layers have since Mamba (Gu and Dao, 2023).
/// </summary>
internal sealed class GatedRecurrenceLayer : Mixer
{
    private readonly LinearWeight _z;
    private readonly LinearWeight _v;
    private readonly LinearWeight _gate;
    private readonly LinearWeight _o;
    private readonly MemoryPlace _place;

    public GatedRecurrenceLayer(WeightBuilder weights, MixerSpec.GatedRecurrence spec, int width, MemoryPlace place)
    {
        weights = weights.For(OpPart.Attention);
        string why = $"recurrence of {spec.Width} features, hidden size {width}";
        _z = weights.Linear("z", spec.Width, width, bias: false, why);
        _v = weights.Linear("v", spec.Width, width, bias: false, why);
        _gate = weights.Linear("gate", spec.Width, width, bias: false, why);
        _o = weights.Linear("o", width, spec.Width, bias: false, why);
        _place = place;
    }

    public override Tensor Forward(IOps ops, Tensor x, ForwardPlan plan)
    {
        RecurrenceRows rows = plan.States(_place.Kind);
        (Tensor z, Tensor v, Tensor gate) = ops.LinearMany(x, _z, _v, _gate, plan.Groups);
        using (z)
        using (v)
        using (gate)
        {
            using Tensor h = ops.GatedRecurrence(z, v, rows, _place.Layer);
            using Tensor gated = ops.GatedActivate(gate, h, Activation.Silu);
            return ops.Linear(gated, _o, plan.Groups);
        }
    }
}
