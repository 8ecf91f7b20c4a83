using System.Net;
using System.Text;
using System.Text.Json;

namespace Seriatim.Training;

/// <summary>
/// A self-contained HTML page in the house's style: no other file, no network. Charts are drawn by uPlot (MIT), which the build
/// takes from npm and embeds; a build without npm makes pages without charts that say so.
/// </summary>
internal sealed class ReportPage
{
    private const string Library = "uplot.js";

    private readonly StringBuilder _page = new();

    /// <summary>A page with its head and title.</summary>
    /// <param name="title">Plain text.</param>
    /// <param name="language">The code of its language.</param>
    /// <param name="style">Rules besides the house's.</param>
    public ReportPage(string title, string language = "en", string style = "")
    {
        string name = WebUtility.HtmlEncode(title);
        Html($"<!doctype html>\n<html lang=\"{language}\">\n<head>\n<meta charset=\"utf-8\">\n")
            .Html(
                "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<link rel=\"icon\" href=\"data:,\">\n")
            .Html(
                $"<title>{name}</title>\n<style>\n{Read("uplot.css")}\n{Read("page.css")}{style}</style>\n</head>\n"
                + $"<body>\n<h1>{name}</h1>\n");
    }

    /// <summary>Whether this build can draw charts.</summary>
    public static bool HasCharts => Read(Library).Length > 0;

    /// <summary>Adds markup.</summary>
    public ReportPage Html(string markup)
    {
        _page.Append(markup);
        return this;
    }

    /// <summary>Adds plain text.</summary>
    public ReportPage Text(string text) => Html(WebUtility.HtmlEncode(text));

    /// <summary>Adds a chart in a figure.</summary>
    public ReportPage Figure(Chart chart)
    {
        Html("<figure><figcaption>").Text(chart.Title).Html("</figcaption>\n");
        return HasCharts
            ? Html("<div class=\"chart\" role=\"img\" aria-label=\"").Text(chart.Title)
                .Html("\"></div><script type=\"application/json\" ")
                .Html("class=\"chart-data\">").Html(JsonSerializer.Serialize(chart, ChartJson.Default.Chart))
                .Html("</script></figure>\n")
            : Html("<p class=\"sub\">No chart: this build was made without npm, from which it takes uPlot.</p></figure>\n");
    }

    /// <summary>The whole document.</summary>
    public string End()
    {
        if (HasCharts)
        {
            Html(
                $"<!--\nuPlot:\n{Read("uplot.txt").Replace("--", "- -", StringComparison.Ordinal)}-->\n"
                + $"<script>\n{Read(Library)}\n{Read("charts.js")}</script>\n");
        }
        return Html("</body>\n</html>\n")._page.ToString();
    }

    private static string Read(string resource)
    {
        using Stream? stream = typeof(ReportPage).Assembly.GetManifestResourceStream(resource);
        if (stream is null)
            return "";
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
