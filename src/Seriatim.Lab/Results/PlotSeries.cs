namespace Seriatim.Lab;

/// <summary>A line of a plot, or one group of bars.</summary>
/// <param name="Name">For the legend.</param>
/// <param name="X">Ascending.</param>
/// <param name="Y">As many.</param>
internal sealed record PlotSeries(LabText Name, IReadOnlyList<double> X, IReadOnlyList<double> Y);
