namespace Seriatim.Generation;

/// <content>The smallest set of the best that reaches a share of the probability.</content>
public sealed partial class LogitsRow
{
    private const int Buckets = 2048;

    /// <summary>Nats below the best logit that the buckets divide; what is below goes into the last one.</summary>
    private const float BucketRange = 40;

    /// <summary>Sums of a bucket.</summary>
    private const int Parts = 4;

    private double[] _weights = [];
    private double[] _masses = [];
    private int[] _buckets = [];

    /// <summary>
    /// Drops all but the smallest set of the best whose share of the probability is at least
    /// <paramref name="p"/>, above 0 and up to 1; keeps the best at least.
    /// </summary>
    public void KeepMass(double p)
    {
        if (!(p > 0 && p <= 1))
            throw new ArgumentOutOfRangeException(nameof(p), p, "A share above 0 and up to 1 is needed.");
        if (IsShort)
            KeepTop(Math.Max(1, CountOfMass(p)));
        else
            KeepMassByBuckets(p);
    }

    /// <summary>How many of the best reach a share of the probability.</summary>
    private int CountOfMass(double p)
    {
        (double max, double sum) = SoftmaxParts();
        double reached = 0;
        int kept = 0;

        // Sorted piece by piece: as a rule the first piece is enough.
        for (int sorted = Math.Min(64, _count); kept < _count && reached < p * sum; sorted = Math.Min(_count, sorted * 8))
        {
            ReadOnlySpan<ulong> top = Top(sorted);
            while (kept < sorted && reached < p * sum)
                reached += PlainMath.Exp(Values[IdOf(top[kept++])] - max);
        }

        return kept;
    }

    /// <summary>
    /// Adds probabilities up in buckets of logits instead of sorting: whole buckets stay or go, and only the one in
    /// which the share is reached is taken apart.
    /// </summary>
    private void KeepMassByBuckets(double p)
    {
        if (_weights.Length == 0)
            (_weights, _masses, _buckets) = (new double[Values.Length], new double[Buckets * Parts], new int[Values.Length]);
        double max = Max();
        if (double.IsNegativeInfinity(max))
            return;
        double least = p * LogitsScan.Weights(Values, max, _weights);
        LogitsScan.Buckets(Values, (float)max, BucketRange, Buckets, _buckets);
        Array.Clear(_masses);
        // Several sums a bucket: neighbours that fall into the same one need not wait for each other.
        for (int id = 0; id < Values.Length; id++)
            _masses[_buckets[id] * Parts + id % Parts] += _weights[id];
        double reached = 0;
        int border = 0;
        for (; border < Buckets - 1; border++)
        {
            double mass = 0;
            foreach (double part in _masses.AsSpan(border * Parts, Parts))
                mass += part;
            if (reached + mass >= least)
                break;
            reached += mass;
        }

        int count = 0;
        for (int id = 0; id < Values.Length; id++)
        {
            if (_buckets[id] == border && !float.IsNegativeInfinity(Values[id]))
                _keys[count++] = KeyOf(id);
        }

        LogitsScan.DropAbove(Values, _buckets, border);
        int kept = SplitByMass(count, reached, least);
        for (int i = border == 0 ? Math.Max(1, kept) : kept; i < count; i++)
            Values[IdOf(_keys[i])] = float.NegativeInfinity;
        _count = -1;
    }

    /// <summary>
    /// How many of the first keys, best first, are needed to reach a mass; the keys are put in that order as far as it matters.
    /// </summary>
    private int SplitByMass(int count, double reached, double least)
    {
        (int first, int end) = (0, count);
        while (end - first > 64)
        {
            int middle = first + (end - first) / 2;
            Select(first, end, middle);
            double mass = 0;
            for (int i = first; i < middle; i++)
                mass += _weights[IdOf(_keys[i])];
            if (reached + mass >= least)
                end = middle;
            else
                (first, reached) = (middle, reached + mass);
        }

        _keys.AsSpan(first, end - first).Sort();
        while (first < end && reached < least)
            reached += _weights[IdOf(_keys[first++])];
        return first;
    }
}
