namespace Seriatim.Models;

/// <summary>Makes what the layers of a stack are given of the tokens directly.</summary>
internal sealed class LayerInputs
{
    private readonly EmbeddingWeight _table;
    private readonly LinearWeight _project;
    private readonly NormWeight _norm;
    private readonly LayerInputSpec _spec;
    private readonly float _scale;

    /// <param name="weights">The path of the stack.</param>
    /// <param name="spec">Their spec.</param>
    /// <param name="width">Features of a row, E.</param>
    /// <param name="layers">Number of layers.</param>
    public LayerInputs(WeightBuilder weights, LayerInputSpec spec, int width, int layers)
    {
        string why = $"{layers} layers, hidden_size_per_layer_input {spec.Width}, hidden size {width}";
        (_spec, _scale) = (spec, 1 / MathF.Sqrt(width));
        _table = weights.Embedding("input_table", spec.Vocabulary, layers * spec.Width, tied: false, why);
        _project = weights.Linear("input_project", layers * spec.Width, width, bias: false, why);
        _norm = weights.Norm("input_norm", spec.Norm, spec.Width);
    }

    /// <summary>x, the scaled embedding <c>[N, E]</c>, → <c>[N, layers · P]</c>.</summary>
    public Tensor Of(IOps ops, Tensor x, ForwardPlan plan)
    {
        using Tensor projected = ops.Linear(x, _project, plan.Groups);
        using Tensor scaled = ops.Scale(projected, _scale);
        using Tensor normed = ops.Norm(scaled, _norm);
        using Tensor rows = ops.Embed(_table, plan.Batch.Tokens);
        using Tensor own = ops.Scale(rows, MathF.Sqrt(_spec.Width));
        using Tensor sum = ops.Add(normed, own);
        return ops.Scale(sum, 1 / MathF.Sqrt(2));
    }
}
