namespace Seriatim.Generation;

/// <summary>
/// What a step costs: <c>seconds = fixed + row · rows</c>, fitted by least squares with fading memory over the steps that were
/// measured. Used only to decide whether speculation pays and how much of a prompt goes into a step, which change no output.
/// </summary>
internal sealed class StepCost
{
    private const double Memory = 0.98;
    private double _weight;
    private double _rows;
    private double _seconds;
    private double _rowsSquared;
    private double _product;

    /// <summary>Seconds of one more row.</summary>
    public double SecondsOfRow
    {
        get
        {
            double spread = _weight * _rowsSquared - _rows * _rows;
            if (_weight < 2 || spread <= 1e-9 * _rowsSquared)
                return 0.05 * Mean;
            return Math.Max(0, (_weight * _product - _rows * _seconds) / spread);
        }
    }

    private double Mean => _weight > 0 ? _seconds / _weight : 1e-3;

    /// <summary>Seconds of a step.</summary>
    public double Seconds(int rows)
    {
        double row = SecondsOfRow;
        double atMean = _weight > 0 ? _rows / _weight : 1;
        return Math.Max(1e-9, Math.Max(Mean + row * (rows - atMean), row * rows));
    }

    /// <summary>
    /// How many rows a step may have to take no longer than a time, at most <paramref name="most"/>; a
    /// quarter of those as long as nothing is known.
    /// </summary>
    public int RowsWithin(TimeSpan time, int most)
    {
        if (time == Timeout.InfiniteTimeSpan)
            return most;
        if (_weight == 0)
            return Math.Max(1, most / 4);
        (int low, int high) = (1, most);
        while (low < high)
        {
            int middle = (low + high + 1) / 2;
            if (Seconds(middle) <= time.TotalSeconds)
                low = middle;
            else
                high = middle - 1;
        }

        return low;
    }

    public void Note(int rows, double seconds)
    {
        _weight = _weight * Memory + 1;
        _rows = _rows * Memory + rows;
        _seconds = _seconds * Memory + seconds;
        _rowsSquared = _rowsSquared * Memory + (double)rows * rows;
        _product = _product * Memory + rows * seconds;
    }
}
