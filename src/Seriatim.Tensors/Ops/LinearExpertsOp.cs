namespace Seriatim.Tensors;

/// <summary>Each expert's linear layer on its own pairs. Backward: as the linear layers.</summary>
/// <remarks>Shapes: x [N·k, I], each W [O, I], y [N·k, O]. Saved for backward: x.</remarks>
internal readonly struct LinearExpertsOp(Tensor x, IReadOnlyList<LinearWeight> experts, ExpertRouting routing, RowGroups? groups)
    : IOp<LinearExpertsOp>
{
    public static string Name => "LinearExperts";

    public OpPart Part => OpPart.FeedForward;

    public int Results => 1;

    public IDisposable? Held => null;

    public (int Rows, int Columns) Shape(int result) => (x.Rows, experts[0].Outputs);

    public void Check()
    {
        ExpertsMath.Outputs(experts, routing);
        OpShapes.Require(x, routing.Pairs, x.Columns, "LinearExperts", "x");
        LinearOp.Check(x, experts[0], null);
        ExpertsMath.CheckGroups(groups, routing);
    }

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T>
    {
        (IReadOnlyList<LinearWeight> weights, ExpertRouting pairs, RowGroups? all) = (experts, routing, groups);
        ExpertsMath.ForEachExpert(x, results[0], routing, (expert, rows, y) =>
            LinearOp.Forward<T>(team, rows, weights[expert], ExpertsMath.GroupsOfExpert(all, pairs, expert), y));
    }

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        (IReadOnlyList<LinearWeight> weights, ExpertRouting pairs, RowGroups? all) = (experts, routing, groups);
        ExpertsMath.ForEachExpert(x, results[0], routing, (expert, rows, y) =>
            LinearOp.Reference(rows, weights[expert], ExpertsMath.GroupsOfExpert(all, pairs, expert), y));
    }

    public LinearExpertsOp Recorded() => this;

    public void Show(OpView to)
    {
        to.Operand("x", x);
        foreach (LinearWeight expert in experts)
            to.Weight(expert);
    }

    public void Save(ReadOnlySpan<Tensor> results, SavedTensors saved) => saved.Add(x);

    public void Backward(IDifferentiableOps ops, ReadOnlySpan<Tensor> results, ReadOnlySpan<Tensor?> dy, Gradients gradients) =>
        gradients.Add(x, ops.LinearExpertsBackward(x, experts, routing, dy[0]!, groups));
}

/// <summary>Returns dx; adds to the gradients of the experts that had pairs.</summary>
internal readonly struct LinearExpertsBackwardOp(
    Tensor x, IReadOnlyList<LinearWeight> experts, ExpertRouting routing, Tensor dy, RowGroups? groups) : IOpCall
{
    public static string Name => "LinearExpertsBackward";

    public OpPart Part => OpPart.FeedForward;

    public int Results => 1;

    public (int Rows, int Columns) Shape(int result) => (x.Rows, x.Columns);

    public void Check()
    {
        OpShapes.Require(x, routing.Pairs, x.Columns, "LinearExperts", "x");
        OpShapes.Require(dy, x.Rows, ExpertsMath.Outputs(experts, routing), "LinearExperts backward", "dy");
        LinearOp.Check(x, experts[0], null);
        ExpertsMath.CheckGroups(groups, routing);
    }

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T>
    {
        (IReadOnlyList<LinearWeight> weights, ExpertRouting pairs) = (experts, routing);
        (Tensor gradient, RowGroups? all) = (dy, groups);
        ExpertsMath.ForEachExpert(x, results[0], routing, (expert, rows, dx) =>
        {
            using Tensor own = ExpertsMath.PairsOfExpert(gradient, pairs, expert);
            LinearBackwardOp.Forward<T>(team, rows, weights[expert], own, ExpertsMath.GroupsOfExpert(all, pairs, expert), dx);
        });
    }

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        (IReadOnlyList<LinearWeight> weights, ExpertRouting pairs) = (experts, routing);
        (Tensor gradient, RowGroups? all) = (dy, groups);
        ExpertsMath.ForEachExpert(x, results[0], routing, (expert, rows, dx) =>
        {
            using Tensor own = ExpertsMath.PairsOfExpert(gradient, pairs, expert);
            LinearBackwardOp.Reference(rows, weights[expert], own, ExpertsMath.GroupsOfExpert(all, pairs, expert), dx);
        });
    }
}

public static partial class OpsExtensions
{
    /// <summary>Each expert's linear layer on its own pairs: <c>[N·PerToken, I] → [N·PerToken, O]</c>.</summary>
    /// <param name="ops">The device, or a tape.</param>
    /// <param name="x">The pairs.</param>
    /// <param name="experts">A weight for each expert.</param>
    /// <param name="routing">Which pairs are whose.</param>
    /// <param name="groups">The groups of the rows that were routed, N; null: none.</param>
    public static Tensor LinearExperts(
        this IOps ops, Tensor x, IReadOnlyList<LinearWeight> experts, ExpertRouting routing, RowGroups? groups = null) =>
        ops.Run(new LinearExpertsOp(x, experts, routing, groups));

    /// <summary>Returns dx; adds to the gradients of the experts that had pairs.</summary>
    internal static Tensor LinearExpertsBackward(
        this IDifferentiableOps ops, Tensor x, IReadOnlyList<LinearWeight> experts, ExpertRouting routing, Tensor dy,
        RowGroups? groups = null) =>
        ops.Call(new LinearExpertsBackwardOp(x, experts, routing, dy, groups));
}
