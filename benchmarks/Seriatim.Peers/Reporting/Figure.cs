namespace Seriatim.Peers;

/// <summary>A figure of several rounds.</summary>
internal sealed record Figure(double Median, double Least, double Most)
{
    /// <exception cref="ArgumentException">There are no values.</exception>
    public static Figure Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        if (sorted.Length == 0)
            throw new ArgumentException("A figure needs at least one round.", nameof(values));
        int middle = sorted.Length / 2;
        double median = sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
        return new Figure(median, sorted[0], sorted[^1]);
    }
}
