namespace Seriatim.Inspection;

/// <summary>A token that could come next.</summary>
public readonly record struct ScoredToken
{
    internal ScoredToken(int id, float logit, double probability) =>
        (Id, Logit, Probability) = (id, logit, probability);

    /// <summary>Its id.</summary>
    public int Id { get; }

    /// <summary>Its logit.</summary>
    public float Logit { get; }

    /// <summary>Its share of the softmax.</summary>
    public double Probability { get; }

    /// <summary>
    /// The best of a row of logits, best first; ties: the smaller id. What is dropped (negative infinity) is none.
    /// </summary>
    /// <param name="logits">One for each id.</param>
    /// <param name="count">How many.</param>
    public static ScoredToken[] Best(ReadOnlySpan<float> logits, int count)
    {
        double max = double.NegativeInfinity, sum = 0;
        foreach (float logit in logits)
            max = Math.Max(max, logit);
        if (!double.IsFinite(max))
            return [];
        var best = new PriorityQueue<int, (float Logit, int Id)>();
        for (int id = 0; id < logits.Length; id++)
        {
            if (float.IsNegativeInfinity(logits[id]))
                continue;
            sum += Math.Exp(logits[id] - max);
            if (best.Count < count)
                best.Enqueue(id, (logits[id], -id));
            else
                best.EnqueueDequeue(id, (logits[id], -id));
        }

        var tokens = new ScoredToken[best.Count];
        for (int i = tokens.Length - 1; i >= 0; i--)
        {
            int id = best.Dequeue();
            tokens[i] = new ScoredToken(id, logits[id], Math.Exp(logits[id] - max) / sum);
        }

        return tokens;
    }
}
