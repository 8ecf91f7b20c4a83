using System.Globalization;
using System.Text;

namespace Seriatim.Attention.Benchmarks;

/// <summary>Curves over sequence length, both axes logarithmic, as a picture of its own.</summary>
internal static class Plot
{
    private const double Width = 760, Height = 420, Left = 64, Right = 150, Top = 34, Bottom = 40;

    private static readonly string[] Colours =
        ["#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#8c564b", "#e377c2", "#17becf", "#7f7f7f", "#bcbd22"];

    public static string Draw(string title, string unit, IReadOnlyList<(string Name, (double X, double Y)[] Points)> curves)
    {
        (double lowX, double highX) = (curves.Min(c => c.Points.Min(p => p.X)), curves.Max(c => c.Points.Max(p => p.X)));
        double lowY = Math.Pow(10, Math.Floor(Math.Log10(curves.Min(c => c.Points.Min(p => p.Y)))));
        double highY = Math.Pow(10, Math.Ceiling(Math.Log10(curves.Max(c => c.Points.Max(p => p.Y)))));
        var svg = new StringBuilder();
        Add(svg, $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {Height}\" font-family=\"sans-serif\"");
        Add(svg, $" font-size=\"12\">\n<rect width=\"{Width}\" height=\"{Height}\" fill=\"#ffffff\"/>\n");
        Add(svg, $"<text x=\"{Left}\" y=\"20\" font-size=\"14\">{title}</text>\n");
        for (double y = lowY; y <= highY * 1.001; y *= 10)
        {
            Add(svg, $"<line x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{AtY(y):F1}\" y2=\"{AtY(y):F1}\" stroke=\"#dddddd\"/>");
            Add(svg, $"<text x=\"{Left - 6}\" y=\"{AtY(y) + 4:F1}\" text-anchor=\"end\">{y:G4} {unit}</text>\n");
        }

        for (double x = lowX; x <= highX * 1.001; x *= 2)
        {
            Add(svg, $"<line x1=\"{AtX(x):F1}\" x2=\"{AtX(x):F1}\" y1=\"{Top}\" y2=\"{Height - Bottom}\" stroke=\"#eeeeee\"/>");
            Add(svg, $"<text x=\"{AtX(x):F1}\" y=\"{Height - Bottom + 18}\" text-anchor=\"middle\">{x:F0}</text>\n");
        }

        double last = double.NegativeInfinity;
        foreach ((int i, (string name, (double X, double Y)[] points)) in curves.Index().OrderBy(c => AtY(c.Item.Points[^1].Y)))
        {
            string colour = Colours[i % Colours.Length];
            Add(svg, $"<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" points=\"");
            foreach ((double x, double y) in points)
                Add(svg, $"{AtX(x):F1},{AtY(y):F1} ");
            last = Math.Max(AtY(points[^1].Y) + 4, last + 15);
            Add(svg, $"\"/><text x=\"{AtX(points[^1].X) + 6:F1}\" y=\"{last:F1}\" fill=\"{colour}\">{name}</text>\n");
        }

        Add(svg, $"<text x=\"{(Left + Width - Right) / 2}\" y=\"{Height - 6}\" text-anchor=\"middle\">tokens</text>\n</svg>\n");
        return svg.ToString();

        double AtX(double x) => Left + Math.Log(x / lowX) / Math.Log(highX / lowX) * (Width - Left - Right);
        double AtY(double y) => Height - Bottom - Math.Log(y / lowY) / Math.Log(highY / lowY) * (Height - Top - Bottom);
    }

    private static void Add(StringBuilder svg, FormattableString text) => svg.Append(text.ToString(CultureInfo.InvariantCulture));
}
