using System.Globalization;

namespace Seriatim.Training;

/// <summary>
/// The curves and settings of a run as one HTML page that needs nothing else: charts as <see cref="ReportPage"/>
/// draws them, colours by the reader's light or dark mode.
/// </summary>
public static class TrainingPage
{
    /// <summary>Charts in their order: title, unit of the vertical axis, and the figures they show.</summary>
    private static readonly (string Title, string[] Figures)[] Charts =
    [
        ("Loss", ["loss", "eval_loss"]),
        ("Bits per byte", ["eval_bits_per_byte"]),
        ("Token accuracy", ["accuracy", "eval_accuracy"]),
        ("BLEU", ["eval_bleu"]),
        ("Learning rate", ["learning_rate"]),
        ("Gradient norm", ["grad_norm"]),
        ("Tokens per second", ["tokens_per_second"]),
        ("Bytes between ranks in a step", ["bytes_sent_per_step"]),
        ("Share of the machine's multiply-adds", ["fma_fraction"]),
    ];

    /// <summary>Points of a curve; longer ones are drawn as the means of neighbours.</summary>
    private const int MostPoints = 600;

    /// <summary>Makes the page.</summary>
    /// <param name="title">What was trained.</param>
    /// <param name="settings">Names and values for the table; plain text.</param>
    /// <param name="entries">The log, oldest first.</param>
    /// <returns>A whole HTML document.</returns>
    public static string Make(string title, IReadOnlyList<KeyValuePair<string, string>> settings, IReadOnlyList<LogEntry> entries)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(entries);
        var page = new ReportPage(title);
        page.Html(string.Create(CultureInfo.InvariantCulture,
            $"<p class=\"sub\">Seriatim training, step {(entries.Count > 0 ? entries[^1].Step : 0):N0}</p>\n"));
        Tiles(page, entries);
        page.Html("<div class=\"charts\">\n");
        foreach ((string chart, string[] figures) in Charts)
        {
            ChartSeries[] curves = [.. figures.Select(figure => Curve(figure, Having(entries, figure))).OfType<ChartSeries>()];
            if (curves.Length > 0)
                page.Figure(new Chart(chart, "step", "", curves));
        }

        page.Html("</div>\n<h2>Settings</h2>\n<div class=\"wide\"><table class=\"settings\">\n");
        foreach ((string key, string value) in settings)
            page.Html("<tr><th>").Text(key).Html("</th><td>").Text(value).Html("</td></tr>\n");
        return page.Html("</table></div>\n").End();
    }

    /// <summary>A figure over the steps; null where it was never logged.</summary>
    private static ChartSeries? Curve(string figure, LogEntry[] entries)
    {
        int count = Math.Min(MostPoints, entries.Length);
        if (count == 0)
            return null;
        LogEntry[][] parts =
        [
            .. Enumerable.Range(0, count).Select(i =>
                entries[(int)((long)i * entries.Length / count)..(int)((i + 1L) * entries.Length / count)]),
        ];
        return new ChartSeries(figure, [.. parts.Select(part => part.Average(e => (double)e.Step))],
            [.. parts.Select(part => (double?)part.Average(e => e.Values[figure]))]);
    }

    /// <summary>Writes the page in one step: a reader sees the old one or the new one, never a part.</summary>
    /// <param name="path">The file.</param>
    /// <param name="page">Its text.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static void Write(string path, string page)
    {
        string temporary = path + ".new";
        File.WriteAllText(temporary, page);
        File.Move(temporary, path, overwrite: true);
    }

    private static void Tiles(ReportPage page, IReadOnlyList<LogEntry> entries)
    {
        page.Html("<div class=\"tiles\">\n");
        Tile("Loss", Last("loss"), "G4");
        Tile("Validation loss", Last("eval_loss"), "G4");
        Tile("Best validation loss", Having(entries, "eval_loss").Select(e => (double?)e.Values["eval_loss"]).Min(), "G4");
        Tile("Bits per byte", Last("eval_bits_per_byte"), "G4");
        Tile("BLEU", Last("eval_bleu"), "F1");
        Tile("Tokens per second", Last("tokens_per_second"), "N0");
        Tile("Of the machine's peak", Last("fma_fraction"), "P0");
        page.Html("</div>\n");

        double? Last(string figure) => Having(entries, figure) is [.., var last] ? last.Values[figure] : null;

        void Tile(string name, double? value, string format)
        {
            if (value is { } number)
                page.Html("<div class=\"tile\"><span>").Text(name).Html("</span><b>")
                    .Text(number.ToString(format, CultureInfo.InvariantCulture)).Html("</b></div>\n");
        }
    }

    private static LogEntry[] Having(IReadOnlyList<LogEntry> entries, string figure) =>
        [.. entries.Where(e => e.Values.TryGetValue(figure, out double value) && double.IsFinite(value))];
}
