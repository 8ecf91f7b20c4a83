namespace Seriatim.Tensors;

/// <summary>The row of every (row, expert) pair. Backward: the sum over each row's pairs.</summary>
/// <remarks>Shapes: x [N, E], y [N·k, E] sorted by expert. Nothing is saved. Copies: its own reference.</remarks>
internal readonly struct DispatchToExpertsOp(Tensor x, ExpertRouting routing) : IOp<DispatchToExpertsOp>
{
    public static string Name => "DispatchToExperts";

    public OpPart Part => OpPart.FeedForward;

    public int Results => 1;

    public IDisposable? Held => null;

    public (int Rows, int Columns) Shape(int result) => (routing.Pairs, x.Columns);

    public void Check() => OpShapes.Require(x, routing.Rows, x.Columns, "DispatchToExperts", "x");

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T> => Reference(results);

    public void Reference(ReadOnlySpan<Tensor> results) => GatherRowsOp.Copy(x, routing.RowOf, results[0]);

    public DispatchToExpertsOp Recorded() => this;

    public void Show(OpView to) => to.Operand("x", x);

    public void Save(ReadOnlySpan<Tensor> results, SavedTensors saved)
    {
    }

    public void Backward(IDifferentiableOps ops, ReadOnlySpan<Tensor> results, ReadOnlySpan<Tensor?> dy, Gradients gradients) =>
        gradients.Add(x, ops.Call(new DispatchToExpertsBackwardOp(routing, dy[0]!)));
}

/// <summary>Returns dx <c>[N, E]</c>: the sum over each row's pairs.</summary>
internal readonly struct DispatchToExpertsBackwardOp(ExpertRouting routing, Tensor dy) : IOpCall
{
    public static string Name => "DispatchToExpertsBackward";

    public OpPart Part => OpPart.FeedForward;

    public int Results => 1;

    public (int Rows, int Columns) Shape(int result) => (routing.Rows, dy.Columns);

    public void Check() => OpShapes.Require(dy, routing.Pairs, dy.Columns, "DispatchToExperts backward", "dy");

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T> => Reference(results);

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        results[0].Span.Clear();
        for (int n = 0; n < routing.Rows; n++)
        {
            foreach (int pair in ExpertsMath.PairsOf(routing, n))
                ExpertsMath.AddScaled(results[0].Row(n), dy.Row(pair), 1);
        }
    }
}

public static partial class OpsExtensions
{
    /// <summary>The row of every (row, expert) pair: <c>[N, E] → [N·PerToken, E]</c>, sorted by expert.</summary>
    public static Tensor DispatchToExperts(this IOps ops, Tensor x, ExpertRouting routing) =>
        ops.Run(new DispatchToExpertsOp(x, routing));
}
