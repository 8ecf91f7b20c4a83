namespace Seriatim.Tensors;

/// <summary>
/// Mixture of experts (Shazeer et al., 2017; Jiang et al., 2024: Mixtral). Routing: <c>p = softmax(logits)</c>, the best k of each
/// row, <c>w = p</c> or <c>p / Σ_chosen p</c>. Dispatch copies rows to their (row, expert) pairs, combine adds
/// <c>y[n] = Σ_e w · x[pair(n, e)]</c>, e rising.
/// </summary>
/// <remarks>
/// Shapes: logits [N, experts], pairs [N·k, E] sorted by expert and then row. Saved for backward: the logits and the routing.
/// A row's expert set and sums follow from that row alone. The softmax runs in double and the sums are a few terms long, in one
/// fixed order, so this file serves every device of this machine and is its own reference.
/// </remarks>
internal static unsafe class ExpertsOp
{
    public static ExpertRouting Route(Tensor logits, int perToken, bool renormalise)
    {
        int experts = logits.Columns;
        if (perToken < 1 || perToken > experts)
            throw new ArgumentOutOfRangeException(nameof(perToken), $"RouteExperts: {perToken} experts a token were asked for; there are {experts}.");
        var routing = new ExpertRouting(logits.Rows, experts, perToken);
        int[] chosen = new int[logits.Rows * perToken];
        for (int n = 0; n < logits.Rows; n++)
            ChooseBest(logits.Row(n), chosen.AsSpan(n * perToken, perToken));
        SortByExpert(routing, chosen);

        double[] p = new double[experts];
        for (int n = 0; n < logits.Rows; n++)
        {
            Softmax(logits.Row(n), p);
            double sum = ChosenSum(routing, n, p, renormalise);
            foreach (int pair in PairsOf(routing, n))
                routing.Weights.Span[pair] = (float)(p[routing.ExpertOf[pair]] / sum);
        }

        return routing;
    }

    public static Tensor RouteBackward(Tensor logits, ExpertRouting routing, bool renormalise, Tensor dweights)
    {
        OpShapes.RequireSame(routing.Weights, dweights, "RouteExperts backward", "dweights");
        Tensor dlogits = Tensor.Create(logits.Rows, logits.Columns);
        double[] p = new double[routing.Experts];
        double[] dp = new double[routing.Experts];
        for (int n = 0; n < logits.Rows; n++)
        {
            Softmax(logits.Row(n), p);
            double sum = ChosenSum(routing, n, p, renormalise);
            double weighted = 0;
            foreach (int pair in PairsOf(routing, n))
                weighted += dweights.Span[pair] * p[routing.ExpertOf[pair]] / sum;
            Array.Clear(dp);
            foreach (int pair in PairsOf(routing, n))
                dp[routing.ExpertOf[pair]] = (dweights.Span[pair] - (renormalise ? weighted : 0)) / sum;
            double inner = 0;
            for (int e = 0; e < p.Length; e++)
                inner += p[e] * dp[e];
            for (int e = 0; e < p.Length; e++)
                dlogits.Row(n)[e] = (float)(p[e] * (dp[e] - inner));
        }

        return dlogits;
    }

    public static Tensor Dispatch(Tensor x, ExpertRouting routing)
    {
        OpShapes.Require(x, routing.Rows, x.Columns, "DispatchToExperts", "x");
        return GatherRowsOp.Forward(x, routing.RowOf);
    }

    public static Tensor DispatchBackward(ExpertRouting routing, Tensor dy)
    {
        Tensor dx = Tensor.Zeros(routing.Rows, dy.Columns);
        for (int n = 0; n < routing.Rows; n++)
        {
            foreach (int pair in PairsOf(routing, n))
                AddScaled(dx.Row(n), dy.Row(pair), 1);
        }

        return dx;
    }

    public static Tensor Combine(Tensor x, ExpertRouting routing)
    {
        OpShapes.Require(x, routing.Weights.Rows, x.Columns, "CombineExperts", "x");
        Tensor y = Tensor.Zeros(routing.Rows, x.Columns);
        for (int n = 0; n < routing.Rows; n++)
        {
            foreach (int pair in PairsOf(routing, n))
                AddScaled(y.Row(n), x.Row(pair), routing.Weights.Span[pair]);
        }

        return y;
    }

    public static (Tensor Dx, Tensor Dweights) CombineBackward(Tensor x, ExpertRouting routing, Tensor dy)
    {
        OpShapes.Require(dy, routing.Rows, x.Columns, "CombineExperts backward", "dy");
        Tensor dx = Tensor.Zeros(x.Rows, x.Columns);
        Tensor dweights = Tensor.Create(x.Rows, 1);
        for (int pair = 0; pair < x.Rows; pair++)
        {
            ReadOnlySpan<float> d = dy.Row(routing.RowOf[pair]);
            AddScaled(dx.Row(pair), d, routing.Weights.Span[pair]);
            double sum = 0;
            ReadOnlySpan<float> value = x.Row(pair);
            for (int e = 0; e < d.Length; e++)
                sum += (double)d[e] * value[e];
            dweights.Span[pair] = (float)sum;
        }

        return (dx, dweights);
    }

    /// <summary>The rows of one expert's pairs as a tensor of their own.</summary>
    public static Tensor PairsOfExpert(Tensor x, ExpertRouting routing, int expert)
    {
        int start = routing.Starts[expert];
        Tensor rows = Tensor.Create(routing.Starts[expert + 1] - start, x.Columns);
        new ReadOnlySpan<float>(x.Floats + (long)start * x.Columns, (int)rows.Length).CopyTo(rows.Span);
        return rows;
    }

    /// <summary>Writes one expert's rows back into the tensor of all pairs.</summary>
    public static void StorePairs(Tensor rows, Tensor all, ExpertRouting routing, int expert) =>
        rows.Span.CopyTo(new Span<float>(all.Floats + (long)routing.Starts[expert] * all.Columns, (int)rows.Length));

    /// <summary>Runs <paramref name="linear"/> for each expert that has pairs and collects the results.</summary>
    public static Tensor ForEachExpert(Tensor x, int columns, ExpertRouting routing, Func<int, Tensor, Tensor> linear)
    {
        OpShapes.Require(x, routing.Weights.Rows, x.Columns, "LinearExperts", "x");
        Tensor y = Tensor.Create(x.Rows, columns);
        for (int expert = 0; expert < routing.Experts; expert++)
        {
            if (routing.Starts[expert] == routing.Starts[expert + 1])
                continue;
            using Tensor own = PairsOfExpert(x, routing, expert);
            using Tensor result = linear(expert, own);
            StorePairs(result, y, routing, expert);
        }

        return y;
    }

    /// <summary>Checks that there is a weight for each expert and that all have one shape; returns how many outputs they have.</summary>
    public static int Outputs(IReadOnlyList<LinearWeight> experts, ExpertRouting routing)
    {
        ShapeMismatchException.Require(experts.Count == routing.Experts, "LinearExperts",
            "the experts", $"{experts.Count}", $"{routing.Experts}, as the routing has,");
        foreach (LinearWeight expert in experts)
        {
            ShapeMismatchException.Require(expert.Outputs == experts[0].Outputs && expert.Inputs == experts[0].Inputs, "LinearExperts",
                "an expert", $"{expert}", $"[{experts[0].Outputs}, {experts[0].Inputs}], as {experts[0].Name} is,");
        }

        return experts[0].Outputs;
    }

    private static ReadOnlySpan<int> PairsOf(ExpertRouting routing, int row) =>
        routing.PairsOfRow.AsSpan(row * routing.PerToken, routing.PerToken);

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

    private static double ChosenSum(ExpertRouting routing, int row, double[] p, bool renormalise)
    {
        if (!renormalise)
            return 1;
        double sum = 0;
        foreach (int pair in PairsOf(routing, row))
            sum += p[routing.ExpertOf[pair]];
        return sum;
    }

    private static void Softmax(ReadOnlySpan<float> logits, double[] p)
    {
        double max = double.NegativeInfinity;
        foreach (float logit in logits)
            max = Math.Max(max, logit);
        double sum = 0;
        for (int e = 0; e < p.Length; e++)
            sum += p[e] = PlainMath.Exp(logits[e] - max);
        for (int e = 0; e < p.Length; e++)
            p[e] /= sum;
    }

    private static void AddScaled(Span<float> to, ReadOnlySpan<float> from, float factor)
    {
        for (int e = 0; e < to.Length; e++)
            to[e] = MathF.FusedMultiplyAdd(factor, from[e], to[e]);
    }
}
