using System.Globalization;

namespace Seriatim.Lab;

/// <summary>The report as one self-contained page: machine and limits on top, a card a claim.</summary>
internal static class LabPage
{
    private const string Style = """
        .card{background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:1rem 1.1rem;margin:0 0 1.2rem}
        .card h2{margin:0;font-size:1.15rem;display:flex;flex-wrap:wrap;gap:.4rem .8rem;align-items:baseline}
        .card h2 code{font-size:.8rem;font-weight:400;color:var(--soft)}
        .badge{font-size:.8rem;font-weight:600;border-radius:1rem;padding:.1rem .7rem;
        border:1px solid currentColor;white-space:nowrap}
        .v0{color:var(--c2)}.v1{color:var(--c6)}.v2{color:var(--c4)}.v3,.v4{color:var(--soft)}.v5{color:var(--c4)}
        .claim{font-size:1.02rem;margin:.5rem 0 .3rem}
        .meta{color:var(--soft);font-size:.88rem;margin:.15rem 0;overflow-wrap:anywhere}
        .meta code{color:var(--ink)}.rule{margin:.5rem 0 .9rem;padding-left:1.1rem;font-size:.92rem}.rule li{margin:.15rem 0}
        .card figure{border:0;padding:0}.card h3{font-size:.9rem;color:var(--soft);font-weight:600;margin:1rem 0 .3rem}
        .card td,.card th{padding:.28rem .6rem}.card table{font-size:.85rem;width:auto;min-width:min(100%,20rem)}
        .num td:not(:first-child),.num th:not(:first-child){text-align:right}
        .num td:not(:first-child){white-space:nowrap}.num td:first-child{min-width:7rem}.num th{word-break:keep-all}
        .note{border-left:.25rem solid var(--line);padding-left:.7rem;margin:.5rem 0;font-size:.92rem}
        details summary{cursor:pointer;color:var(--soft);font-size:.9rem;margin-top:.6rem}
        .summary td:last-child{white-space:nowrap}.summary a{color:inherit}
        @media(min-width:60rem){.two{display:grid;grid-template-columns:minmax(0,1fr) minmax(0,1fr);gap:0 1.6rem}}
        @media print{details>*{display:block!important}}

        """;

    /// <summary>Makes the page.</summary>
    /// <param name="report">What was measured.</param>
    /// <param name="language">Its language.</param>
    /// <returns>A whole HTML document.</returns>
    public static string Make(LabReport report, LabLanguage language)
    {
        var page = new ReportPage(LabWords.Title.In(language), language == LabLanguage.Chinese ? "zh-CN" : "en", Style);
        page.Html("<p class=\"sub\">").Text(string.Create(CultureInfo.InvariantCulture,
            $"Seriatim {report.Version.Split('+')[0]}, {report.Made:yyyy-MM-dd HH:mm} UTC, {report.Machine.Runtime}"))
            .Html("</p>\n");
        if (report.Interrupted)
            page.Html("<p class=\"note\">").Text(LabWords.Interrupted.In(language)).Html("</p>\n");
        Tiles(page, report, language);
        (Experiment Experiment, LabResult Result)[] cards =
            [.. report.Results.Select(result => (LabExperiments.Find(result.Name)!, result))];
        page.Html("<div class=\"wide\"><table class=\"summary\"><tr><th>").Text(LabWords.Summary.In(language)).Html("</th><th>")
            .Text(LabWords.Verdicts.In(language)).Html("</th></tr>\n");
        foreach ((Experiment experiment, LabResult result) in cards)
        {
            page.Html($"<tr><td><a href=\"#{experiment.Name}\">").Text(experiment.Claim.In(language)).Html("</a></td><td>");
            Badge(page, result.Verdict, language).Html("</td></tr>\n");
        }

        page.Html("</table></div>\n<h2></h2>\n");
        foreach ((Experiment experiment, LabResult result) in cards)
            Card(page, experiment, result, language);
        return page.End();
    }

    private static void Tiles(ReportPage page, LabReport report, LabLanguage language)
    {
        LabMachine machine = report.Machine;
        page.Html("<div class=\"tiles\">\n");
        Tile(LabWords.Processor, $"{machine.Processor}");
        Tile(LabWords.Threads, $"{machine.Threads} / {machine.Cores}");
        Tile(LabWords.Memory, $"{machine.MemoryBytes / (double)(1 << 30):F1} GiB");
        Tile(LabWords.Read, $"{machine.Limits.ReadBytesPerSecond / 1e9:F1} GB/s");
        Tile(LabWords.MultiplyAdds, $"{machine.Limits.F32MultiplyAddsPerSecond / 1e9:F0} G/s");
        Tile(LabWords.Size, LabWords.Of(report.Size).In(language));
        if (report.Model is { } model)
            Tile(LabWords.Model, model);
        Tile(LabWords.Took, LabNumbers.Seconds(report.Seconds));
        page.Html("</div>\n");

        void Tile(LabText name, string value) =>
            page.Html("<div class=\"tile\"><span>").Text(name.In(language)).Html("</span><b>").Text(value).Html("</b></div>\n");
    }

    private static ReportPage Badge(ReportPage page, Verdict verdict, LabLanguage language) =>
        page.Html($"<span class=\"badge v{(int)verdict}\">").Text(LabWords.Of(verdict).In(language)).Html("</span>");

    private static void Card(ReportPage page, Experiment experiment, LabResult result, LabLanguage language)
    {
        page.Html($"<section class=\"card\" id=\"{experiment.Name}\">\n<h2>").Text(experiment.Title.In(language)).Html(" ");
        Badge(page, result.Verdict, language).Html("<code>").Text(experiment.Name).Html("</code></h2>\n<p class=\"claim\">")
            .Text(experiment.Claim.In(language)).Html("</p>\n");
        Meta(LabWords.Source, experiment.Source, code: false);
        Meta(LabWords.Formula, experiment.Formula, code: true);
        if (result.Model is { } model)
            Meta(LabWords.Model, model, code: true);
        Meta(LabWords.Took, LabNumbers.Seconds(result.Seconds), code: false);
        if (result.Skipped is { } reason)
        {
            page.Html("<p class=\"note\">").Text(reason.In(language)).Html("</p>\n</section>\n");
            return;
        }

        page.Html("<div class=\"two\"><div>\n<h3>").Text(LabWords.Rule.In(language)).Html("</h3>\n");
        Rule(page, experiment, result, language);
        foreach (LabText note in result.Notes)
            page.Html("<p class=\"note\">").Text(note.In(language)).Html("</p>\n");
        page.Html("</div><div>\n");
        if (result.Plot is { } plot)
            page.Figure(ToChart(plot, language));
        page.Html("</div></div>\n");
        foreach (LabTable table in result.Tables)
            Table(page, table, language);
        page.Html("<details><summary>").Text(LabWords.Figures.In(language)).Html("</summary>\n");
        Figures(page, result, language);
        page.Html("</details>\n</section>\n");

        void Meta(LabText name, string value, bool code) =>
            page.Html("<p class=\"meta\">").Text(name.In(language)).Html(code ? ": <code>" : ": ").Text(value)
                .Html(code ? "</code></p>\n" : "</p>\n");
    }

    private static void Rule(ReportPage page, Experiment experiment, LabResult result, LabLanguage language)
    {
        page.Html("<ul class=\"rule\">\n");
        foreach (Expectation expectation in experiment.Rule)
        {
            Figure? figure = result.Figures.FirstOrDefault(f => f.Key == expectation.Figure);
            string bounds = LabNumbers.Bounds(expectation.Low, expectation.High).In(language);
            string value = figure is null ? LabWords.NoFigure.In(language) : LabNumbers.Format(figure.Value, figure.Unit);
            int verdict = (int)(figure is null ? Verdict.Unfinished : expectation.Judge(figure.Value));
            page.Html("<li>").Text(expectation.Words.In(language)).Html(" (").Text(bounds)
                .Html($"): <b class=\"v{verdict}\">").Text(value).Html("</b></li>\n");
        }

        page.Html("</ul>\n");
    }

    private static void Table(ReportPage page, LabTable table, LabLanguage language)
    {
        page.Html("<h3>").Text(table.Title.In(language)).Html(table.Timed ? " *" : "")
            .Html("</h3>\n<div class=\"wide\"><table class=\"num\"><tr>");
        foreach (LabText column in table.Columns)
            page.Html("<th>").Text(column.In(language)).Html("</th>");
        page.Html("</tr>\n");
        for (int at = 0; at < table.Rows.Count; at++)
        {
            page.Html("<tr><td>").Text(table.Names?[at].In(language) ?? table.Rows[at][0]).Html("</td>");
            foreach (string cell in table.Rows[at].Skip(1))
                page.Html("<td>").Text(cell).Html("</td>");
            page.Html("</tr>\n");
        }

        page.Html("</table></div>\n");
    }

    private static void Figures(ReportPage page, LabResult result, LabLanguage language)
    {
        page.Html("<div class=\"wide\"><table class=\"num\"><tr><th>").Text(LabWords.Figure.In(language)).Html("</th><th>")
            .Text(LabWords.Value.In(language)).Html("</th></tr>\n");
        foreach (Figure figure in result.Figures)
        {
            page.Html("<tr><td>").Text(figure.Words.In(language)).Html(figure.Timed ? " *" : "").Html("</td><td>")
                .Text(LabNumbers.Format(figure.Value, figure.Unit)).Html("</td></tr>\n");
        }

        page.Html("</table></div>\n<p class=\"meta\">* ").Text(LabWords.Timed.In(language)).Html("</p>\n");
    }

    /// <summary>A plot as a chart of pages.</summary>
    public static Chart ToChart(LabPlot plot, LabLanguage language) => new(
        plot.Title.In(language), plot.X.In(language), plot.Y.In(language),
        [
            .. plot.Series.Select(series => new ChartSeries(series.Name.In(language), series.X,
                [.. series.Y.Select(y => double.IsFinite(y) ? y : (double?)null)])),
        ],
        plot.LogX, plot.LogY, plot.Names is null ? null : [.. plot.Names.Select(name => name.In(language))]);
}
