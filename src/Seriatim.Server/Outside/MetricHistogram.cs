namespace Seriatim.Server;

/// <summary>How often a value was at most each of some bounds, as Prometheus counts.</summary>
/// <param name="bounds">The bounds, rising.</param>
internal sealed class MetricHistogram(double[] bounds)
{
    private readonly Lock _gate = new();
    private readonly long[] _counts = new long[bounds.Length + 1];
    private double _sum;

    public void Observe(double value)
    {
        int place = Array.FindIndex(bounds, bound => value <= bound);
        lock (_gate)
        {
            _counts[place < 0 ? bounds.Length : place]++;
            _sum += value;
        }
    }

    /// <summary>For each bound, and infinity, how many values were not above it; their sum.</summary>
    public (IReadOnlyList<(double Bound, long Count)> Buckets, double Sum) Read()
    {
        lock (_gate)
        {
            var buckets = new (double, long)[_counts.Length];
            long all = 0;
            for (int i = 0; i < _counts.Length; i++)
                buckets[i] = (i < bounds.Length ? bounds[i] : double.PositiveInfinity, all += _counts[i]);
            return (buckets, _sum);
        }
    }
}
