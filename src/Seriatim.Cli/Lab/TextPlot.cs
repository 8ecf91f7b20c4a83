using Seriatim.Lab;

namespace Seriatim.Cli;

/// <summary>A plot in characters: lines with a letter a series, or bars.</summary>
internal static class TextPlot
{
    private const int Height = 12, MostWidth = 72, LabelWidth = 9;

    /// <summary>The lines of a plot.</summary>
    /// <param name="plot">What to draw.</param>
    /// <param name="width">Columns.</param>
    public static IEnumerable<string> Draw(LabPlot plot, int width)
    {
        width = Math.Min(width, MostWidth);
        return plot.Names is { } names ? Bars(plot, names, width) : Lines(plot, width - LabelWidth - 1);
    }

    private static IEnumerable<string> Bars(LabPlot plot, IReadOnlyList<LabText> names, int width)
    {
        double[] values = [.. plot.Series.SelectMany(s => s.Y).Where(double.IsFinite)];
        if (values.Length == 0)
            yield break;
        int label = Math.Min(width / 3, names.Max(name => TextWidth.Of(name.English)) + (plot.Series.Count > 1 ? 2 : 0));
        int room = Math.Max(8, width - label - 12);
        double low = plot.LogY ? values.Where(v => v > 0).Min() / 2 : 0, high = values.Max(Math.Abs);
        yield return plot.Y.English;
        for (int i = 0; i < names.Count; i++)
        {
            for (int series = 0; series < plot.Series.Count; series++)
            {
                int at = IndexOf(plot.Series[series].X, i);
                if (at < 0 || !double.IsFinite(plot.Series[series].Y[at]))
                    continue;
                double value = plot.Series[series].Y[at];
                double share = high == 0 ? 0 : plot.LogY ? Math.Log(value / low) / Math.Log(high / low) : Math.Abs(value) / high;
                string name = plot.Series.Count == 1 ? names[i].English : $"{Letter(series)} {names[i].English}";
                yield return $"{Fit(name, label)} {new string(value < 0 ? '░' : '█', (int)Math.Round(share * room))} "
                    + $"{LabNumbers.Format(value, "")}";
            }
        }

        foreach (string line in Legend(plot, width))
            yield return line;
    }

    private static IEnumerable<string> Lines(LabPlot plot, int columns)
    {
        (double X, double Y)[][] series =
        [
            .. plot.Series.Select(s => s.X.Zip(s.Y).Select(p => (X: Scale(p.First, plot.LogX), Y: Scale(p.Second, plot.LogY)))
                .Where(p => double.IsFinite(p.X) && double.IsFinite(p.Y)).ToArray()),
        ];
        (double X, double Y)[] all = [.. series.SelectMany(p => p)];
        if (all.Length == 0)
            yield break;
        (double lowX, double highX) = (all.Min(p => p.X), all.Max(p => p.X));
        (double lowY, double highY) = (all.Min(p => p.Y), all.Max(p => p.Y));
        if (!plot.LogY && lowY > 0 && lowY < 0.4 * highY)
            lowY = 0;
        char[][] cells = [.. Enumerable.Range(0, Height).Select(_ => Enumerable.Repeat(' ', columns).ToArray())];
        for (int s = 0; s < series.Length; s++)
        {
            for (int i = 0; i + 1 < series[s].Length; i++)
                Join(cells, At(series[s][i]), At(series[s][i + 1]));
        }

        for (int s = 0; s < series.Length; s++)
        {
            foreach ((int column, int row) in series[s].Select(At))
                cells[row][column] = Letter(s);
        }

        yield return plot.Y.English;
        for (int row = 0; row < Height; row++)
        {
            string label = row switch { 0 => Number(highY, plot.LogY), Height - 1 => Number(lowY, plot.LogY), _ => "" };
            yield return $"{label,LabelWidth}│{new string(cells[row]).TrimEnd()}";
        }

        (string left, string right) = (Number(lowX, plot.LogX), Number(highX, plot.LogX));
        yield return $"{new string(' ', LabelWidth)}└{new string('─', columns)}";
        int gap = columns - left.Length - right.Length;
        string middle = TextWidth.Of(plot.X.English) <= gap - 2 ? plot.X.English : "";
        int before = (gap - TextWidth.Of(middle)) / 2;
        yield return new string(' ', LabelWidth + 1) + left + new string(' ', Math.Max(1, before)) + middle
            + new string(' ', Math.Max(1, gap - before - TextWidth.Of(middle))) + right;
        foreach (string line in Legend(plot, columns + LabelWidth))
            yield return line;

        (int Column, int Row) At((double X, double Y) point) => (
            (int)Math.Round((highX > lowX ? (point.X - lowX) / (highX - lowX) : 0.5) * (columns - 1)),
            Height - 1 - (int)Math.Round((highY > lowY ? (point.Y - lowY) / (highY - lowY) : 0.5) * (Height - 1)));
    }

    private static void Join(char[][] cells, (int Column, int Row) a, (int Column, int Row) b)
    {
        int steps = Math.Max(Math.Abs(b.Column - a.Column), Math.Abs(b.Row - a.Row));
        for (int i = 1; i < steps; i++)
        {
            int column = a.Column + (int)Math.Round((b.Column - a.Column) * (double)i / steps);
            int row = a.Row + (int)Math.Round((b.Row - a.Row) * (double)i / steps);
            if (cells[row][column] == ' ')
                cells[row][column] = '·';
        }
    }

    private static IEnumerable<string> Legend(LabPlot plot, int width) => plot.Series.Count < 2
        ? []
        : WordFold.Lines(string.Join("  ", plot.Series.Select((s, i) => $"{Letter(i)} {s.Name.English}")), width);

    private static char Letter(int series) => (char)(series < 26 ? 'a' + series : 'A' + series % 26);

    private static double Scale(double value, bool log) => log ? Math.Log(value) : value;

    private static string Number(double value, bool log) => LabNumbers.Format(log ? Math.Exp(value) : value, "");

    private static int IndexOf(IReadOnlyList<double> x, double value)
    {
        for (int i = 0; i < x.Count; i++)
        {
            if (x[i] == value)
                return i;
        }

        return -1;
    }

    private static string Fit(string name, int width)
    {
        while (TextWidth.Of(name) > width)
            name = name[..^1];
        return name + new string(' ', width - TextWidth.Of(name));
    }
}
