namespace Seriatim.Training;

/// <summary>A line of a chart, or a group of its bars.</summary>
/// <param name="Name">For the legend.</param>
/// <param name="X">Ascending.</param>
/// <param name="Y">As many; null where there is none.</param>
internal sealed record ChartSeries(string Name, IReadOnlyList<double> X, IReadOnlyList<double?> Y);
