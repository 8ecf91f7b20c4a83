namespace Seriatim.Tensors;

/// <summary>
/// What the ops of a mixture of experts share (Shazeer et al., 2017; Jiang et al., 2024: Mixtral). Routing:
/// <c>p = softmax(logits)</c>, the best k of each row, <c>w = p</c> or <c>p / Σ_chosen p</c>. Dispatch copies rows to their (row,
/// expert) pairs, combine adds <c>y[n] = Σ_e w · x[pair(n, e)]</c>, e rising.
/// </summary>
/// <remarks>
/// Shapes: logits [N, experts], pairs [N·k, E] sorted by expert and then row. Saved for backward: the logits and the routing.
/// A row's expert set and sums follow from that row alone. The softmax runs in double and the sums are a few terms long, in one
/// fixed order, so these ops are their own reference.
/// </remarks>
internal static unsafe class ExpertsMath
{
    /// <summary>The rows of one expert's pairs as a tensor of their own.</summary>
    public static Tensor PairsOfExpert(Tensor x, ExpertRouting routing, int expert)
    {
        int start = routing.Starts[expert];
        Tensor rows = Tensor.Create(routing.Starts[expert + 1] - start, x.Columns);
        new ReadOnlySpan<float>(x.Floats + (long)start * x.Columns, (int)rows.Length).CopyTo(rows.Span);
        return rows;
    }

    /// <summary>The groups of the rows of one expert's pairs.</summary>
    public static RowGroups? GroupsOfExpert(RowGroups? groups, ExpertRouting routing, int expert) =>
        groups?.Take(routing.RowOf.AsSpan(routing.Starts[expert]..routing.Starts[expert + 1]));

    public static void CheckGroups(RowGroups? groups, ExpertRouting routing)
    {
        if (groups is not null)
        {
            ShapeMismatchException.Require(
                groups.Rows == routing.Rows, "LinearExperts", "the groups", $"of {groups.Rows} rows", $"{routing.Rows} rows");
        }
    }

    /// <summary>Writes one expert's rows back into the tensor of all pairs.</summary>
    public static void StorePairs(Tensor rows, Tensor all, ExpertRouting routing, int expert) =>
        rows.Span.CopyTo(new Span<float>(all.Floats + (long)routing.Starts[expert] * all.Columns, (int)rows.Length));

    /// <summary>Runs <paramref name="linear"/> for each expert that has pairs: its rows, and where its results go.</summary>
    public static void ForEachExpert(Tensor x, Tensor y, ExpertRouting routing, Action<int, Tensor, Tensor> linear)
    {
        for (int expert = 0; expert < routing.Experts; expert++)
        {
            if (routing.Starts[expert] == routing.Starts[expert + 1])
                continue;
            using Tensor own = PairsOfExpert(x, routing, expert);
            using Tensor result = Tensor.Create(own.Rows, y.Columns);
            linear(expert, own, result);
            StorePairs(result, y, routing, expert);
        }
    }

    /// <summary>
    /// Checks that there is a weight for each expert and that all have one shape; returns how many outputs they have.
    /// </summary>
    public static int Outputs(IReadOnlyList<LinearWeight> experts, ExpertRouting routing)
    {
        ShapeMismatchException.Require(experts.Count == routing.Experts, "LinearExperts",
            "the experts", $"{experts.Count}", $"{routing.Experts}, as the routing has,");
        foreach (LinearWeight expert in experts)
        {
            ShapeMismatchException.Require(expert.Outputs == experts[0].Outputs && expert.Inputs == experts[0].Inputs,
                "LinearExperts", "an expert", $"{expert}",
                $"[{experts[0].Outputs}, {experts[0].Inputs}], as {experts[0].Name} is,");
        }

        return experts[0].Outputs;
    }

    public static ReadOnlySpan<int> PairsOf(ExpertRouting routing, int row) =>
        routing.PairsOfRow.AsSpan(row * routing.PerToken, routing.PerToken);

    public static double ChosenSum(ExpertRouting routing, int row, ReadOnlySpan<double> p, ExpertRule rule)
    {
        if (!rule.Renormalise)
            return 1;
        double sum = 0;
        foreach (int pair in PairsOf(routing, row))
            sum += p[routing.ExpertOf[pair]];
        return sum + rule.Epsilon;
    }

    public static void Scores(ReadOnlySpan<float> logits, Span<double> p, ExpertScore score)
    {
        if (score == ExpertScore.Softmax)
        {
            Softmax(logits, p);
            return;
        }

        for (int e = 0; e < p.Length; e++)
            p[e] = 1 / (1 + PlainMath.Exp(-(double)logits[e]));
    }

    /// <summary>The gradient of the logits from that of their scores.</summary>
    public static void Slopes(double[] p, double[] dp, ExpertScore score, Span<float> dlogits)
    {
        double inner = 0;
        for (int e = 0; e < p.Length && score == ExpertScore.Softmax; e++)
            inner += p[e] * dp[e];
        for (int e = 0; e < p.Length; e++)
            dlogits[e] = (float)(p[e] * (score == ExpertScore.Softmax ? dp[e] - inner : (1 - p[e]) * dp[e]));
    }

    private static void Softmax(ReadOnlySpan<float> logits, Span<double> p)
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

    public static void AddScaled(Span<float> to, ReadOnlySpan<float> from, float factor)
    {
        for (int e = 0; e < to.Length; e++)
            to[e] = MathF.FusedMultiplyAdd(factor, from[e], to[e]);
    }
}
