namespace Seriatim.Tensors;

/// <summary>
/// Several linear layers of one input, e.g. q, k and v: what their products share of the rows is made
/// once. Backward: one by one, from the last.
/// </summary>
/// <remarks>Shapes: x [N, I], W_i [O_i, I], y_i [N, O_i]. Saved for backward: x.</remarks>
internal readonly unsafe struct LinearManyOp(Tensor x, LinearWeights weights, RowGroups? groups) : IOp<LinearManyOp>
{
    public static string Name => "LinearMany";

    public OpPart Part => weights[0].Part;

    public int Results => weights.Count;

    public IDisposable? Held => null;

    public (int Rows, int Columns) Shape(int result) => (x.Rows, weights[result].Outputs);

    public void Check()
    {
        for (int i = 0; i < weights.Count; i++)
            LinearOp.Check(x, weights[i], groups);
    }

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T>
    {
        using var rows = new LinearRows<T>(team, x, groups);
        for (int i = 0; i < results.Length; i++)
            weights[i].Multiply(rows, 0, weights[i].Outputs, results[i].Floats, weights[i].Outputs);
        rows.Finish();
    }

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        for (int i = 0; i < results.Length; i++)
            LinearOp.Reference(x, weights[i], groups, results[i]);
    }

    public LinearManyOp Recorded() => this;

    public void Show(OpView to)
    {
        to.Operand("x", x);
        for (int i = 0; i < weights.Count; i++)
            to.Weight(weights[i]);
    }

    public void Save(ReadOnlySpan<Tensor> results, SavedTensors saved) => saved.Add(x);

    public void Backward(IDifferentiableOps ops, ReadOnlySpan<Tensor> results, ReadOnlySpan<Tensor?> dy, Gradients gradients)
    {
        for (int i = dy.Length - 1; i >= 0; i--)
        {
            if (dy[i] is { } gradient)
                gradients.Add(x, ops.LinearBackward(x, weights[i], gradient, groups));
        }
    }
}

/// <summary>The weights of one call: two or three in place, or any number in an array.</summary>
internal readonly struct LinearWeights
{
    private readonly LinearWeight? _first, _second, _third;
    private readonly LinearWeight[]? _all;

    public LinearWeights(LinearWeight first, LinearWeight second, LinearWeight? third = null) =>
        (_first, _second, _third, Count) = (first, second, third, third is null ? 2 : 3);

    public LinearWeights(LinearWeight[] all) => (_all, Count) = (all, all.Length);

    public int Count { get; }

    public LinearWeight this[int index] =>
        _all is { } all ? all[index] : index switch { 0 => _first!, 1 => _second!, _ => _third! };
}

public static partial class OpsExtensions
{
    /// <summary>Several linear layers of one input, e.g. q, k and v: <c>[N, I] → [N, O_i]</c> each.</summary>
    public static void LinearMany(this IOps ops, Tensor x, ReadOnlySpan<LinearWeight> weights, Span<Tensor> results,
        RowGroups? groups = null)
    {
        if (!weights.IsEmpty)
            ops.Run(new LinearManyOp(x, new LinearWeights(weights.ToArray()), groups), results);
    }

    /// <summary>Two linear layers of one input, e.g. gate and up.</summary>
    public static (Tensor First, Tensor Second) LinearMany(
        this IOps ops, Tensor x, LinearWeight first, LinearWeight second, RowGroups? groups = null)
    {
        var results = new Pair();
        ops.Run(new LinearManyOp(x, new LinearWeights(first, second), groups), results);
        return (results[0], results[1]);
    }

    /// <summary>Three linear layers of one input, e.g. q, k and v.</summary>
    public static (Tensor First, Tensor Second, Tensor Third) LinearMany(
        this IOps ops, Tensor x, LinearWeight first, LinearWeight second, LinearWeight third, RowGroups? groups = null)
    {
        var results = new Triple();
        ops.Run(new LinearManyOp(x, new LinearWeights(first, second, third), groups), results);
        return (results[0], results[1], results[2]);
    }
}
