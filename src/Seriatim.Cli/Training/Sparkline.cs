namespace Seriatim.Cli;

/// <summary>A curve as one line of text.</summary>
internal static class Sparkline
{
    private const string Levels = "▁▂▃▄▅▆▇█";

    /// <summary>The values as bars between their least and greatest; more than fit are averaged in groups. Values that are not finite are left out.</summary>
    /// <param name="values">The curve.</param>
    /// <param name="width">Most bars.</param>
    public static string Of(IReadOnlyList<double> values, int width)
    {
        double[] finite = [.. values.Where(double.IsFinite)];
        int bars = Math.Min(finite.Length, width);
        if (bars <= 0)
            return "";
        double[] means = [.. Enumerable.Range(0, bars).Select(i =>
            finite[(int)((long)i * finite.Length / bars)..(int)((long)(i + 1) * finite.Length / bars)].Average())];
        double least = means.Min(), span = means.Max() - least;
        return string.Concat(means.Select(mean => Levels[span > 0 ? (int)Math.Round((mean - least) / span * (Levels.Length - 1)) : 0]));
    }
}
