namespace Seriatim.Cli;

/// <summary>How the logits of two models for the same rows differ.</summary>
/// <param name="Rows">Rows that were compared.</param>
/// <param name="MaxDifference">The largest difference of a logit.</param>
/// <param name="RmsDifference">The root mean square of all differences.</param>
/// <param name="MeanDivergence">
/// Kullback-Leibler divergence of the other's probabilities from the first one's, in nats, mean of the rows.
/// </param>
/// <param name="MaxDivergence">The largest of a row.</param>
/// <param name="Agreement">Share of rows for which both have the same best logit.</param>
internal sealed record LogitsComparison(
    int Rows, double MaxDifference, double RmsDifference, double MeanDivergence, double MaxDivergence, double Agreement)
{
    /// <summary>Compares rows of logits.</summary>
    /// <param name="first">Rows of <paramref name="columns"/> logits.</param>
    /// <param name="other">As many.</param>
    /// <param name="columns">Logits of a row.</param>
    public static LogitsComparison Of(ReadOnlySpan<float> first, ReadOnlySpan<float> other, int columns)
    {
        (double largest, double squares, double divergence, double worst, int same) = (0, 0, 0, 0, 0);
        int rows = first.Length / columns;
        for (int row = 0; row < rows; row++)
        {
            ReadOnlySpan<float> p = first.Slice(row * columns, columns), q = other.Slice(row * columns, columns);
            for (int i = 0; i < columns; i++)
            {
                double difference = Math.Abs((double)p[i] - q[i]);
                largest = Math.Max(largest, difference);
                squares += difference * difference;
            }

            double own = Divergence(p, q);
            divergence += own;
            worst = Math.Max(worst, own);
            same += Best(p) == Best(q) ? 1 : 0;
        }

        return new LogitsComparison(
            rows, largest, Math.Sqrt(squares / first.Length), divergence / rows, worst, (double)same / rows);
    }

    private static double Divergence(ReadOnlySpan<float> p, ReadOnlySpan<float> q)
    {
        (double logP, double logQ) = (LogSum(p), LogSum(q));
        double sum = 0;
        for (int i = 0; i < p.Length; i++)
        {
            double own = p[i] - logP;
            sum += Math.Exp(own) * (own - (q[i] - logQ));
        }

        // Rounding may leave a little less than nothing.
        return Math.Max(0, sum);
    }

    private static double LogSum(ReadOnlySpan<float> logits)
    {
        double most = logits[Best(logits)], sum = 0;
        foreach (float logit in logits)
            sum += Math.Exp(logit - most);
        return most + Math.Log(sum);
    }

    private static int Best(ReadOnlySpan<float> logits)
    {
        int best = 0;
        for (int i = 1; i < logits.Length; i++)
        {
            if (logits[i] > logits[best])
                best = i;
        }

        return best;
    }
}
