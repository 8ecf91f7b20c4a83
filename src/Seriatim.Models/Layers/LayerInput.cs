namespace Seriatim.Models;

/// <summary>What one layer makes of its part of the inputs that layers are given directly.</summary>
internal sealed class LayerInput
{
    private readonly LayerInputSpec _spec;
    private readonly LinearWeight _gate;
    private readonly LinearWeight _project;
    private readonly NormWeight _norm;
    private readonly int _layer;

    /// <param name="weights">The path of the part.</param>
    /// <param name="spec">Its spec.</param>
    /// <param name="width">Features of a row, E.</param>
    /// <param name="layer">The number of the layer.</param>
    public LayerInput(WeightBuilder weights, LayerInputSpec spec, int width, int layer)
    {
        string why = $"hidden_size_per_layer_input {spec.Width}, hidden size {width}";
        weights = weights.For(OpPart.FeedForward);
        (_spec, _layer) = (spec, layer);
        _gate = weights.Linear("gate", spec.Width, width, bias: false, why);
        _project = weights.Linear("project", width, spec.Width, bias: false, why);
        _norm = weights.Norm("norm", spec.Norm, width);
    }

    /// <summary><c>x + norm(project(f(gate(x)) · input))</c>: <c>[N, E] → [N, E]</c>.</summary>
    public Tensor Add(IOps ops, Tensor x, ForwardPlan plan)
    {
        using Tensor gate = ops.Linear(x, _gate, plan.Groups);
        using Tensor input = ops.Columns(plan.LayerInputs!, (_layer - plan.FirstLayerInput) * _spec.Width, _spec.Width);
        using Tensor active = ops.GatedActivate(gate, input, _spec.Activation);
        using Tensor made = ops.Linear(active, _project, plan.Groups);
        using Tensor normed = ops.Norm(made, _norm);
        return ops.Add(x, normed);
    }
}
