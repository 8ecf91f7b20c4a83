namespace Seriatim.Lab;

/// <summary>Probabilities of the next id, in logarithms.</summary>
internal static class Distribution
{
    /// <summary>The log-softmax of logits, in double precision.</summary>
    public static double[] LogOf(ReadOnlySpan<float> logits)
    {
        double max = double.NegativeInfinity, sum = 0;
        foreach (float logit in logits)
            max = Math.Max(max, logit);
        foreach (float logit in logits)
            sum += Math.Exp(logit - max);
        double log = max + Math.Log(sum);
        double[] all = new double[logits.Length];
        for (int i = 0; i < all.Length; i++)
            all[i] = logits[i] - log;
        return all;
    }

    /// <summary>Kullback-Leibler divergence of one from another, in nats; ids that cannot come add nothing.</summary>
    public static double Divergence(double[] truth, double[] other)
    {
        double sum = 0;
        for (int i = 0; i < truth.Length; i++)
        {
            if (!double.IsNegativeInfinity(truth[i]))
                sum += Math.Exp(truth[i]) * (truth[i] - other[i]);
        }

        return sum;
    }

    /// <summary>Entropy in nats.</summary>
    public static double Entropy(double[] all) => -all.Sum(log => double.IsNegativeInfinity(log) ? 0 : Math.Exp(log) * log);
}
