using System.Globalization;
using System.Net;
using System.Text;

namespace Seriatim.Training;

/// <summary>One drawing of the training page: up to two curves over the steps, as inline SVG.</summary>
internal static class TrainingChart
{
    private const double Width = 560, Height = 230, Left = 52, Right = 10, Top = 12, Bottom = 24;

    /// <summary>Points of a curve; longer ones are drawn as the means of neighbours.</summary>
    private const int MostPoints = 600;

    /// <summary>Curves of up to so many points get a dot at each, with its figures as a tooltip.</summary>
    private const int MostDots = 80;

    /// <summary>Draws a figure; nothing if there are no curves.</summary>
    public static void Draw(StringBuilder page, string title, IReadOnlyList<KeyValuePair<string, IReadOnlyList<LogEntry>>> curves)
    {
        if (curves.Count == 0)
            return;
        (double X, double Y)[][] points = [.. curves.Select(c => Thin(c.Value, c.Key))];
        (double lowX, double highX) = (Math.Min(0, points.Min(p => p[0].X)), points.Max(p => p[^1].X));
        (double lowY, double highY, double step) = Range(points.SelectMany(p => p).Select(p => p.Y));
        page.Append("<figure><figcaption>").Append(WebUtility.HtmlEncode(title)).Append("<span>");
        for (int i = 0; i < curves.Count; i++)
        {
            page.Append(CultureInfo.InvariantCulture,
                $"<i style=\"background:var(--{(i == 0 ? 'a' : 'b')})\"></i>{WebUtility.HtmlEncode(curves[i].Key)}");
        }
        page.Append(CultureInfo.InvariantCulture,
            $"</span></figcaption>\n<svg viewBox=\"0 0 {Width} {Height}\" role=\"img\" "
                + $"aria-label=\"{WebUtility.HtmlEncode(title)} over the steps\">\n");
        for (double y = lowY; y <= highY + step / 2; y += step)
        {
            page.Append(CultureInfo.InvariantCulture,
                $"<line class=\"grid\" x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{AtY(y):F1}\" y2=\"{AtY(y):F1}\"/>")
                .Append(CultureInfo.InvariantCulture,
                    $"<text x=\"{Left - 6}\" y=\"{AtY(y) + 4:F1}\" text-anchor=\"end\">{Label(y, step)}</text>\n");
        }

        (_, double endX, double stepX) = Range([lowX, highX]);
        for (double x = lowX; x <= Math.Min(endX, highX) + stepX / 1e6; x += stepX)
            page.Append(CultureInfo.InvariantCulture, $"<text x=\"{AtX(x):F1}\" y=\"{Height - 6}\" "
                + $"text-anchor=\"{(x == lowX ? "start" : x + stepX > highX && AtX(x) > Width - 40 ? "end" : "middle")}\">"
                + $"{Label(x, stepX)}</text>\n");
        for (int i = 0; i < points.Length; i++)
        {
            page.Append(CultureInfo.InvariantCulture, $"<polyline class=\"curve s{i}\" points=\"")
                .AppendJoin(' ',
                    points[i].Select(p => string.Create(CultureInfo.InvariantCulture, $"{AtX(p.X):F1},{AtY(p.Y):F1}")))
                .Append("\"/>\n");
            foreach ((double x, double y) in points[i].Length <= MostDots ? points[i] : [points[i][^1]])
            {
                page.Append(CultureInfo.InvariantCulture,
                    $"<circle class=\"dot s{i}\" cx=\"{AtX(x):F1}\" cy=\"{AtY(y):F1}\" "
                        + $"r=\"2.6\"><title>{WebUtility.HtmlEncode(curves[i].Key)} {y:G6} at step {x:F0}</title></circle>\n");
            }
        }

        page.Append("</svg></figure>\n");

        double AtX(double x) => Left + (highX > lowX ? (x - lowX) / (highX - lowX) : 0.5) * (Width - Left - Right);
        double AtY(double y) => Height - Bottom - (y - lowY) / (highY - lowY) * (Height - Top - Bottom);
    }

    private static (double X, double Y)[] Thin(IReadOnlyList<LogEntry> entries, string figure)
    {
        int count = Math.Min(MostPoints, entries.Count);
        return [.. Enumerable.Range(0, count).Select(i =>
        {
            int first = (int)((long)i * entries.Count / count), end = (int)((i + 1L) * entries.Count / count);
            IEnumerable<LogEntry> part = Enumerable.Range(first, end - first).Select(k => entries[k]);
            return (part.Average(e => (double)e.Step), part.Average(e => e.Values[figure]));
        })];
    }

    /// <summary>Ends and distance of about five lines at round numbers that enclose all values.</summary>
    private static (double Low, double High, double Step) Range(IEnumerable<double> values)
    {
        (double low, double high) = (values.Min(), values.Max());
        if (high <= low)
            (low, high) = (low - Math.Max(1e-12, Math.Abs(low) * 0.1), high + Math.Max(1e-12, Math.Abs(high) * 0.1));
        double raw = (high - low) / 5, power = Math.Pow(10, Math.Floor(Math.Log10(raw)));
        double step = power * ((raw / power) switch
        {
            <= 1 => 1,
            <= 2 => 2,
            <= 5 => 5,
            _ => 10,
        });
        return (Math.Floor(low / step) * step, Math.Ceiling(high / step) * step, step);
    }

    private static string Label(double value, double step)
    {
        if (Math.Abs(value) < step / 1e6)
            return "0";
        return Math.Abs(value) is >= 10_000 and var large
            ? large >= 1e6 ? string.Create(CultureInfo.InvariantCulture, $"{value / 1e6:0.##}M")
                : string.Create(CultureInfo.InvariantCulture, $"{value / 1e3:0.##}k")
            : value.ToString(step < 1e-3 ? "0.0e+0" : "0.####", CultureInfo.InvariantCulture);
    }
}
