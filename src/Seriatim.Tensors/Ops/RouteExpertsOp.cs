using System.Buffers;

namespace Seriatim.Tensors;

/// <summary>
/// Routing of a mixture of experts (Shazeer et al., 2017; Jiang et al., 2024: Mixtral; DeepSeek-AI, 2024: V2, V3): <c>p</c> the
/// softmax or the sigmoid of the logits, the best k of each row (ties: the smaller expert), weights as <see cref="ExpertRule"/>
/// says. In double, in one fixed order: its own reference.
/// </summary>
/// <remarks>
/// Shapes: logits [N, experts], w [N·k, 1]; the pairs are sorted by expert, then by row. Saved for backward: the logits. The
/// choice has no gradient.
/// </remarks>
internal readonly struct RouteExpertsOp(Tensor logits, ExpertRouting routing, ExpertRule rule) : IOp<RouteExpertsOp>
{
    public static string Name => "RouteExperts";

    public OpPart Part => OpPart.FeedForward;

    public int Results => 1;

    public IDisposable? Held => null;

    public (int Rows, int Columns) Shape(int result) => (logits.Rows * routing.PerToken, 1);

    public void Check()
    {
        Check(rule.ChoiceBias, "the bias of the choice");
        Check(rule.ExpertFactors, "the factors of experts");
        int size = logits.Columns / Math.Max(1, rule.Groups);
        ShapeMismatchException.Require(rule.Groups >= 1 && size * rule.Groups == logits.Columns, "RouteExperts",
            "the number of groups", $"{rule.Groups}", $"a divisor of the {logits.Columns} experts");
        ShapeMismatchException.Require(rule.GroupsPerToken >= 1 && rule.GroupsPerToken <= rule.Groups
            && rule.GroupsPerToken * size >= rule.PerToken, "RouteExperts", "the groups of a row", $"{rule.GroupsPerToken}",
            $"at most {rule.Groups}, with {rule.PerToken} experts at least,");
        ShapeMismatchException.Require(!rule.GroupsByTwo || size >= 2, "RouteExperts", "the experts of a group", $"{size}",
            $"at least 2, whose scores are added,");
    }

    private void Check(Parameter? vector, string what) => ShapeMismatchException.Require(
        vector is null || (vector.Rows == 1 && vector.Columns == logits.Columns), "RouteExperts", what, $"{vector}",
        $"[1, {logits.Columns}]");

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T> => Reference(results);

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        int perToken = routing.PerToken, all = logits.Rows * perToken, experts = routing.Experts;
        int[] chosenPool = ArrayPool<int>.Shared.Rent(all);
        double[] scores = ArrayPool<double>.Shared.Rent(2 * experts);
        Span<int> chosen = chosenPool.AsSpan(0, all);
        Span<double> p = scores.AsSpan(0, experts), keys = scores.AsSpan(experts, experts);
        for (int n = 0; n < logits.Rows; n++)
        {
            Keys(logits.Row(n), p, keys);
            ChooseBest(keys, chosen.Slice(n * perToken, perToken));
        }

        SortByExpert(routing, chosen);
        ReadOnlySpan<float> factors = rule.ExpertFactors is { } own ? own.Data.Span : default;
        for (int n = 0; n < logits.Rows; n++)
        {
            ExpertsMath.Scores(logits.Row(n), p, rule.Score);
            double sum = ExpertsMath.ChosenSum(routing, n, p, rule);
            foreach (int pair in ExpertsMath.PairsOf(routing, n))
            {
                int expert = routing.ExpertOf[pair];
                double weight = p[expert] / sum * rule.Scale;
                results[0].Span[pair] = (float)(factors.IsEmpty ? weight : weight * factors[expert]);
            }
        }

        ArrayPool<int>.Shared.Return(chosenPool);
        ArrayPool<double>.Shared.Return(scores);
    }

    public RouteExpertsOp Recorded() => this;

    public void Show(OpView to) => to.Operand("scores", logits).Has(new RoutingView(routing));

    public void Save(ReadOnlySpan<Tensor> results, SavedTensors saved) => saved.Add(logits);

    public void Backward(IDifferentiableOps ops, ReadOnlySpan<Tensor> results, ReadOnlySpan<Tensor?> dy, Gradients gradients) =>
        gradients.Add(logits, ops.Call(new RouteExpertsBackwardOp(logits, routing, rule, dy[0]!)));

    /// <summary>
    /// What experts are compared by. Both scores rise with their logit, so where nothing is added the logits themselves are
    /// compared: far from zero, scores of different logits are one number.
    /// </summary>
    private void Keys(ReadOnlySpan<float> row, Span<double> p, Span<double> keys)
    {
        bool added = rule.ChoiceBias is not null || rule is { GroupsByTwo: true, Groups: > 1 };
        if (added)
            ExpertsMath.Scores(row, p, rule.Score);
        for (int e = 0; e < keys.Length; e++)
            keys[e] = added ? p[e] + (rule.ChoiceBias is { } bias ? bias.Data.Span[e] : 0) : row[e];
        if (rule.Groups > 1)
            LeaveBestGroups(keys);
    }

    /// <summary>Experts of other groups than the best few can no more be chosen.</summary>
    private void LeaveBestGroups(Span<double> keys)
    {
        int size = keys.Length / rule.Groups;
        double[] groupsPool = ArrayPool<double>.Shared.Rent(rule.Groups);
        int[] bestPool = ArrayPool<int>.Shared.Rent(rule.GroupsPerToken);
        Span<double> groups = groupsPool.AsSpan(0, rule.Groups);
        Span<int> best = bestPool.AsSpan(0, rule.GroupsPerToken);
        for (int g = 0; g < groups.Length; g++)
        {
            (double first, double second) = (double.NegativeInfinity, double.NegativeInfinity);
            foreach (double key in keys.Slice(g * size, size))
                (first, second) = key > first ? (key, first) : (first, Math.Max(second, key));
            groups[g] = rule.GroupsByTwo ? first + second : first;
        }

        ChooseBest(groups, best);
        for (int e = 0; e < keys.Length; e++)
            keys[e] = best.Contains(e / size) ? keys[e] : double.NegativeInfinity;
        ArrayPool<double>.Shared.Return(groupsPool);
        ArrayPool<int>.Shared.Return(bestPool);
    }

    private static void ChooseBest(ReadOnlySpan<double> keys, Span<int> chosen)
    {
        for (int k = 0; k < chosen.Length; k++)
        {
            int best = -1;
            for (int e = 0; e < keys.Length; e++)
            {
                if (!chosen[..k].Contains(e) && (best < 0 || keys[e] > keys[best]))
                    best = e;
            }

            chosen[k] = best;
        }

        chosen.Sort();
    }

    private static void SortByExpert(ExpertRouting routing, ReadOnlySpan<int> chosen)
    {
        foreach (int expert in chosen)
            routing.Starts[expert + 1]++;
        for (int e = 0; e < routing.Experts; e++)
            routing.Starts[e + 1] += routing.Starts[e];
        int[] next = ArrayPool<int>.Shared.Rent(routing.Experts);
        routing.Starts.AsSpan(0, routing.Experts).CopyTo(next);
        for (int i = 0; i < chosen.Length; i++)
        {
            int pair = next[chosen[i]]++;
            routing.RowOf[pair] = i / routing.PerToken;
            routing.ExpertOf[pair] = chosen[i];
            routing.PairsOfRow[i] = pair;
        }

        ArrayPool<int>.Shared.Return(next);
    }
}

/// <summary>
/// The gradient of the router's logits from that of the weights; adds to that of the experts' factors.
/// </summary>
internal readonly struct RouteExpertsBackwardOp(Tensor logits, ExpertRouting routing, ExpertRule rule, Tensor dweights) : IOpCall
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
        double[] dfactors = new double[routing.Experts];
        ReadOnlySpan<float> factors = rule.ExpertFactors is { } own ? own.Data.Span : default;
        for (int n = 0; n < logits.Rows; n++)
        {
            ExpertsMath.Scores(logits.Row(n), p, rule.Score);
            double sum = ExpertsMath.ChosenSum(routing, n, p, rule);
            Array.Clear(dp);
            double weighted = 0;
            foreach (int pair in ExpertsMath.PairsOf(routing, n))
            {
                int expert = routing.ExpertOf[pair];
                double d = dweights.Span[pair] * (double)rule.Scale;
                dfactors[expert] += d * p[expert] / sum;
                dp[expert] = factors.IsEmpty ? d : d * factors[expert];
                weighted += dp[expert] * p[expert] / sum;
            }

            foreach (int pair in ExpertsMath.PairsOf(routing, n))
            {
                ref double chosen = ref dp[routing.ExpertOf[pair]];
                chosen = (chosen - (rule.Renormalise ? weighted : 0)) / sum;
            }

            ExpertsMath.Slopes(p, dp, rule.Score, dlogits.Row(n));
        }

        if (rule.ExpertFactors is { } vector)
            RowSums.Add(vector, dfactors);
    }
}

public static partial class OpsExtensions
{
    /// <summary>
    /// Softmax over the router's logits <c>[N, experts]</c>, the best <paramref name="perToken"/> of each row (ties: the smaller
    /// expert), their weights divided by their sum if <paramref name="renormalise"/>.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">There are not so many experts.</exception>
    public static ExpertRouting RouteExperts(this IOps ops, Tensor logits, int perToken, bool renormalise) =>
        ops.RouteExperts(logits, new ExpertRule(perToken) { Renormalise = renormalise });

    /// <summary>The experts of each row of the router's logits <c>[N, experts]</c>, and their weights.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There are not so many experts.</exception>
    public static ExpertRouting RouteExperts(this IOps ops, Tensor logits, ExpertRule rule)
    {
        if (rule.PerToken < 1 || rule.PerToken > logits.Columns)
        {
            throw new ArgumentOutOfRangeException(nameof(rule),
                $"RouteExperts: {rule.PerToken} experts a token were asked for; there are {logits.Columns}.");
        }

        var routing = new ExpertRouting(logits.Rows, logits.Columns, rule.PerToken);
        routing.Weights = ops.Run(new RouteExpertsOp(logits, routing, rule));
        return routing;
    }
}
