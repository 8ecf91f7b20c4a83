namespace Seriatim.Tensors;

/// <summary>
/// The weighted sum of each row's pairs: <c>y[n] = Σ_e w · x[pair(n, e)]</c>, e rising; or the plain sum.
/// </summary>
/// <remarks>
/// Shapes: x [N·k, E], y [N, E]. Saved for backward: x and the weights. A few terms in one fixed order: its own reference.
/// </remarks>
internal readonly struct CombineExpertsOp(Tensor x, ExpertRouting routing, bool weighted) : IOp<CombineExpertsOp>
{
    public static string Name => "CombineExperts";

    public OpPart Part => OpPart.FeedForward;

    public int Results => 1;

    public IDisposable? Held => null;

    public (int Rows, int Columns) Shape(int result) => (routing.Rows, x.Columns);

    public void Check() => OpShapes.Require(x, routing.Pairs, x.Columns, "CombineExperts", "x");

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T> => Reference(results);

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        results[0].Span.Clear();
        for (int n = 0; n < routing.Rows; n++)
        {
            foreach (int pair in ExpertsMath.PairsOf(routing, n))
                ExpertsMath.AddScaled(results[0].Row(n), x.Row(pair), weighted ? routing.Weights.Span[pair] : 1);
        }
    }

    public CombineExpertsOp Recorded() => this;

    public void Show(OpView to) => to.Operand("x", x);

    public void Save(ReadOnlySpan<Tensor> results, SavedTensors saved)
    {
        if (!weighted)
            return;
        saved.Add(x);
        saved.Add(routing.Weights);
    }

    public void Backward(IDifferentiableOps ops, ReadOnlySpan<Tensor> results, ReadOnlySpan<Tensor?> dy, Gradients gradients)
    {
        if (!weighted)
        {
            gradients.Add(x, ops.Run(new DispatchToExpertsOp(dy[0]!, routing)));
            return;
        }

        (Tensor dx, Tensor dweights) = ops.CallTwo(new CombineExpertsBackwardOp(x, routing, dy[0]!));
        gradients.Add(x, dx);
        gradients.Add(routing.Weights, dweights);
    }
}

/// <summary>Returns dx <c>[N·k, E]</c> and the gradient of <see cref="ExpertRouting.Weights"/> <c>[N·k, 1]</c>.</summary>
internal readonly struct CombineExpertsBackwardOp(Tensor x, ExpertRouting routing, Tensor dy) : IOpCall
{
    public static string Name => "CombineExpertsBackward";

    public OpPart Part => OpPart.FeedForward;

    public int Results => 2;

    public (int Rows, int Columns) Shape(int result) => (x.Rows, result == 0 ? x.Columns : 1);

    public void Check() => OpShapes.Require(dy, routing.Rows, x.Columns, "CombineExperts backward", "dy");

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T> => Reference(results);

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        (Tensor dx, Tensor dweights) = (results[0], results[1]);
        dx.Span.Clear();
        for (int pair = 0; pair < x.Rows; pair++)
        {
            ReadOnlySpan<float> d = dy.Row(routing.RowOf[pair]);
            ExpertsMath.AddScaled(dx.Row(pair), d, routing.Weights.Span[pair]);
            double sum = 0;
            ReadOnlySpan<float> value = x.Row(pair);
            for (int e = 0; e < d.Length; e++)
                sum += (double)d[e] * value[e];
            dweights.Span[pair] = (float)sum;
        }
    }
}

public static partial class OpsExtensions
{
    /// <summary>The weighted sum of each row's pairs, in the order of the experts: <c>[N·PerToken, E] → [N, E]</c>.</summary>
    /// <param name="ops">The device, or a tape.</param>
    /// <param name="x">The pairs.</param>
    /// <param name="routing">Which pairs are whose.</param>
    /// <param name="weighted">Whether each counts by its weight; false where the inputs of the experts did.</param>
    public static Tensor CombineExperts(this IOps ops, Tensor x, ExpertRouting routing, bool weighted = true) =>
        ops.Run(new CombineExpertsOp(x, routing, weighted));
}
