using System.Text.Json;
using Seriatim.Training;

namespace Seriatim.Web.Charts;

/// <summary>Charts as the script reads them that draws those of reports, too.</summary>
internal static class ChartText
{
    /// <summary>Points of a line; longer ones are drawn as the means of neighbours.</summary>
    private const int MostPoints = 400;

    /// <summary>A chart.</summary>
    public static string Of(Chart chart) => JsonSerializer.Serialize(chart, ChartJson.Default.Chart);

    /// <summary>A figure of a log over the steps.</summary>
    /// <param name="name">For the legend.</param>
    /// <param name="entries">The log.</param>
    /// <param name="figure">The figure.</param>
    public static ChartSeries Line(string name, IReadOnlyList<LogEntry> entries, string figure)
    {
        (double X, double Y)[] points = [.. entries
            .Where(entry => entry.Values.TryGetValue(figure, out double value) && double.IsFinite(value))
            .Select(entry => ((double)entry.Step, entry.Values[figure]))];
        int count = Math.Min(MostPoints, points.Length);
        (double X, double Y)[] means = [.. Enumerable.Range(0, count).Select(i =>
        {
            (double X, double Y)[] part = points[(int)((long)i * points.Length / count)..(int)((i + 1L) * points.Length / count)];
            return (part.Average(point => point.X), part.Average(point => point.Y));
        })];
        return new ChartSeries(name, [.. means.Select(point => point.X)], [.. means.Select(point => (double?)point.Y)]);
    }
}
