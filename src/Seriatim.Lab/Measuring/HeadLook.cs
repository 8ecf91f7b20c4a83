namespace Seriatim.Lab;

/// <summary>Where the weight of a head lies, summed over rows.</summary>
/// <param name="Rows">Rows added up.</param>
/// <param name="Sums">Weight on the row before, itself, the row after, the first and the last row, and the entropy in
/// bits.</param>
internal readonly record struct HeadLook(int Rows, double[]? Sums)
{
    /// <summary>Shares of the weight: before, itself, after, first, last.</summary>
    public IEnumerable<double> Shares
    {
        get
        {
            int rows = Rows;
            return (Sums ?? []).Take(5).Select(sum => sum / rows);
        }
    }

    /// <summary>The largest share on one place: the row before, itself, or after.</summary>
    public double Fixed => Shares.Take(3).Max();

    /// <summary>Mean entropy of a row.</summary>
    public double Bits => Sums![5] / Rows;

    /// <summary>With the rows of a map.</summary>
    public HeadLook Add(double[][] map)
    {
        double[] sums = [.. Sums ?? new double[6]];
        for (int row = 0; row < map.Length; row++)
        {
            double[] weights = map[row];
            sums[0] += row > 0 ? weights[row - 1] : 0;
            sums[1] += weights[row];
            sums[2] += row + 1 < weights.Length ? weights[row + 1] : 0;
            sums[3] += weights[0];
            sums[4] += weights[^1];
            sums[5] -= weights.Sum(weight => weight > 0 ? weight * Math.Log2(weight) : 0);
        }

        return new HeadLook(Rows + map.Length, sums);
    }
}
