namespace Seriatim.Generation;

/// <summary>
/// What a step costs: <c>seconds = fixed + row · rows</c>, fitted by least squares with fading memory over the steps that were
/// measured. Used only to decide whether speculation pays, which changes no output.
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

    public void Note(int rows, double seconds)
    {
        _weight = _weight * Memory + 1;
        _rows = _rows * Memory + rows;
        _seconds = _seconds * Memory + seconds;
        _rowsSquared = _rowsSquared * Memory + (double)rows * rows;
        _product = _product * Memory + rows * seconds;
    }
}
