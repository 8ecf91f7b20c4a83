namespace Seriatim.Lab;

/// <summary>The one picture of an experiment: lines over numbers, or bars over names.</summary>
/// <param name="Title">What it shows.</param>
/// <param name="X">The horizontal axis with its unit.</param>
/// <param name="Y">The vertical axis with its unit.</param>
/// <param name="Series">Lines, or groups of bars.</param>
internal sealed record LabPlot(LabText Title, LabText X, LabText Y, IReadOnlyList<PlotSeries> Series)
{
    /// <summary>Whether the horizontal axis is logarithmic.</summary>
    public bool LogX { get; init; }

    /// <summary>Whether the vertical axis is logarithmic.</summary>
    public bool LogY { get; init; }

    /// <summary>Names of the bars, if it has bars: the x of a point is then the index of its name.</summary>
    public IReadOnlyList<LabText>? Names { get; init; }
}
