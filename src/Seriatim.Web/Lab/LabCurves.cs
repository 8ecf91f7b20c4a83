using Seriatim.Lab;
using Seriatim.Training;

namespace Seriatim.Web.Lab;

/// <summary>What an experiment sees on its way, as lines that grow: the newest of them, each with a bound.</summary>
internal sealed class LabCurves
{
    private const int MostLines = 8, MostPoints = 240;

    private readonly Lock _gate = new();
    private readonly SortedDictionary<int, List<(double X, double Y)>> _lines = [];

    /// <summary>What the lines are; null: there are none.</summary>
    public LabPointKind? Kind { get; private set; }

    /// <summary>Takes a point in. Losses and times do not stand in one chart: the newest kind is shown.</summary>
    public void Add(LabPoint point)
    {
        lock (_gate)
        {
            if (Kind != point.Kind)
                _lines.Clear();
            Kind = point.Kind;
            if (!double.IsFinite(point.Y))
                return;
            if (!_lines.TryGetValue(point.Series, out List<(double X, double Y)>? line))
                _lines[point.Series] = line = [];
            if (line.Count < MostPoints)
                line.Add((point.X, point.Y));
            if (_lines.Count > MostLines)
                _lines.Remove(_lines.Keys.First());
        }
    }

    /// <summary>Forgets all lines.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            _lines.Clear();
            Kind = null;
        }
    }

    /// <summary>The lines.</summary>
    /// <param name="name">Names one by its number.</param>
    public IReadOnlyList<ChartSeries> Read(Func<int, string> name)
    {
        lock (_gate)
        {
            return [.. _lines.Select(line => new ChartSeries(name(line.Key), [.. line.Value.Select(point => point.X)],
                [.. line.Value.Select(point => (double?)point.Y)]))];
        }
    }
}
