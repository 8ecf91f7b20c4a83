namespace Seriatim.Tensors;

/// <summary>
/// Routing of a mixture of experts (Shazeer et al., 2017; Jiang et al., 2024: Mixtral): <c>p = softmax(logits)</c>, the best k of
/// each row (ties: the smaller expert), <c>w = p</c> or <c>p / Σ_chosen p</c>. In double, in one fixed order: its own reference.
/// </summary>
/// <remarks>
/// Shapes: logits [N, experts], w [N·k, 1]; the pairs are sorted by expert, then by row. Saved for backward: the logits.
/// </remarks>
internal readonly struct RouteExpertsOp(Tensor logits, ExpertRouting routing, bool renormalise) : IOp<RouteExpertsOp>
{
    public static string Name => "RouteExperts";

    public OpPart Part => OpPart.FeedForward;

    public int Results => 1;

    public IDisposable? Held => null;

    public (int Rows, int Columns) Shape(int result) => (logits.Rows * routing.PerToken, 1);

    public void Check()
    {
    }

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T> => Reference(results);

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        int perToken = routing.PerToken;
        int[] chosen = new int[logits.Rows * perToken];
        for (int n = 0; n < logits.Rows; n++)
            ChooseBest(logits.Row(n), chosen.AsSpan(n * perToken, perToken));
        SortByExpert(routing, chosen);

        double[] p = new double[routing.Experts];
        for (int n = 0; n < logits.Rows; n++)
        {
            ExpertsMath.Softmax(logits.Row(n), p);
            double sum = ExpertsMath.ChosenSum(routing, n, p, renormalise);
            foreach (int pair in ExpertsMath.PairsOf(routing, n))
                results[0].Span[pair] = (float)(p[routing.ExpertOf[pair]] / sum);
        }
    }

    public RouteExpertsOp Recorded() => this;

    public void Show(OpView to) => to.Operand("scores", logits).Has(new RoutingView(routing));

    public void Save(ReadOnlySpan<Tensor> results, SavedTensors saved) => saved.Add(logits);

    public void Backward(IDifferentiableOps ops, ReadOnlySpan<Tensor> results, ReadOnlySpan<Tensor?> dy, Gradients gradients) =>
        gradients.Add(logits, ops.Call(new RouteExpertsBackwardOp(logits, routing, renormalise, dy[0]!)));

    private static void ChooseBest(ReadOnlySpan<float> logits, Span<int> chosen)
    {
        for (int k = 0; k < chosen.Length; k++)
        {
            int best = -1;
            for (int e = 0; e < logits.Length; e++)
            {
                if (!chosen[..k].Contains(e) && (best < 0 || logits[e] > logits[best]))
                    best = e;
            }

            chosen[k] = best;
        }

        chosen.Sort();
    }

    private static void SortByExpert(ExpertRouting routing, int[] chosen)
    {
        foreach (int expert in chosen)
            routing.Starts[expert + 1]++;
        for (int e = 0; e < routing.Experts; e++)
            routing.Starts[e + 1] += routing.Starts[e];
        int[] next = routing.Starts[..^1];
        for (int i = 0; i < chosen.Length; i++)
        {
            int pair = next[chosen[i]]++;
            routing.RowOf[pair] = i / routing.PerToken;
            routing.ExpertOf[pair] = chosen[i];
            routing.PairsOfRow[i] = pair;
        }
    }
}

/// <summary>The gradient of the router's logits from that of the weights.</summary>
internal readonly struct RouteExpertsBackwardOp(Tensor logits, ExpertRouting routing, bool renormalise, Tensor dweights) : IOpCall
{
    public static string Name => "RouteExpertsBackward";

    public OpPart Part => OpPart.FeedForward;

    public int Results => 1;

    public (int Rows, int Columns) Shape(int result) => (logits.Rows, logits.Columns);

    public void Check() => OpShapes.Require(dweights, routing.Pairs, 1, "RouteExperts backward", "dweights");

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T> => Reference(results);

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        Tensor dlogits = results[0];
        double[] p = new double[routing.Experts];
        double[] dp = new double[routing.Experts];
        for (int n = 0; n < logits.Rows; n++)
        {
            ExpertsMath.Softmax(logits.Row(n), p);
            double sum = ExpertsMath.ChosenSum(routing, n, p, renormalise);
            double weighted = 0;
            foreach (int pair in ExpertsMath.PairsOf(routing, n))
                weighted += dweights.Span[pair] * p[routing.ExpertOf[pair]] / sum;
            Array.Clear(dp);
            foreach (int pair in ExpertsMath.PairsOf(routing, n))
                dp[routing.ExpertOf[pair]] = (dweights.Span[pair] - (renormalise ? weighted : 0)) / sum;
            double inner = 0;
            for (int e = 0; e < p.Length; e++)
                inner += p[e] * dp[e];
            for (int e = 0; e < p.Length; e++)
                dlogits.Row(n)[e] = (float)(p[e] * (dp[e] - inner));
        }
    }
}

public static partial class OpsExtensions
{
    /// <summary>
    /// Softmax over the router's logits <c>[N, experts]</c>, the best <paramref name="perToken"/> of each row (ties: the smaller
    /// expert), their weights divided by their sum if <paramref name="renormalise"/>.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">There are not so many experts.</exception>
    public static ExpertRouting RouteExperts(this IOps ops, Tensor logits, int perToken, bool renormalise)
    {
        if (perToken < 1 || perToken > logits.Columns)
        {
            throw new ArgumentOutOfRangeException(nameof(perToken),
                $"RouteExperts: {perToken} experts a token were asked for; there are {logits.Columns}.");
        }

        var routing = new ExpertRouting(logits.Rows, logits.Columns, perToken);
        routing.Weights = ops.Run(new RouteExpertsOp(logits, routing, renormalise));
        return routing;
    }
}
