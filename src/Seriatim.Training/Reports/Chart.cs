namespace Seriatim.Training;

/// <summary>
/// A chart of a page: lines over numbers, or bars over names. Points are JSON numbers; what is not finite is left out.
/// </summary>
/// <param name="Title">What it shows.</param>
/// <param name="X">The horizontal axis with its unit.</param>
/// <param name="Y">The vertical axis with its unit.</param>
/// <param name="Series">Lines, or groups of bars.</param>
/// <param name="LogX">Whether the horizontal axis is logarithmic.</param>
/// <param name="LogY">Whether the vertical axis is logarithmic.</param>
/// <param name="Names">Names of the bars; null: lines.</param>
internal sealed record Chart(string Title, string X, string Y, IReadOnlyList<ChartSeries> Series, bool LogX = false,
    bool LogY = false, IReadOnlyList<string>? Names = null);
