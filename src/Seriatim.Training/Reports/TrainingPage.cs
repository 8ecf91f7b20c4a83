using System.Globalization;
using System.Net;
using System.Text;

namespace Seriatim.Training;

/// <summary>
/// The curves and settings of a run as one HTML page that needs nothing else: drawings are inline SVG, colours follow the
/// reader's light or dark mode.
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
        ("Share of the machine's multiply-adds", ["fma_fraction"]),
    ];

    private const string Style = """
        :root{color-scheme:light dark;--bg:#fcfcfb;--card:#fff;--ink:#1d2433;--soft:#687083;
        --line:#e3e6ec;--a:#2563c9;--b:#d0631c}
        @media(prefers-color-scheme:dark){:root{--bg:#14171d;--card:#1c2129;--ink:#e6e9ef;--soft:#98a1b3;
        --line:#2f3642;--a:#6ea8ff;--b:#ffa15e}}
        *{box-sizing:border-box}
        body{margin:0 auto;max-width:76rem;padding:2rem 1.25rem 4rem;background:var(--bg);
        color:var(--ink);font:15px/1.5 system-ui,sans-serif}
        h1{font-size:1.5rem;margin:0}h2{font-size:1.05rem;margin:2rem 0 .6rem}.sub{color:var(--soft);margin:.2rem 0 1.4rem}
        .tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));gap:.8rem;margin-bottom:1.2rem}
        .tile,figure{background:var(--card);border:1px solid var(--line);border-radius:.6rem}
        .tile{padding:.7rem .9rem}.tile span{display:block;color:var(--soft);font-size:.8rem}
        .tile b{font-size:1.25rem;font-weight:600;font-variant-numeric:tabular-nums}
        .charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,27rem),1fr));gap:1rem}
        figure{margin:0;padding:.8rem .9rem .5rem}figcaption{display:flex;justify-content:space-between;gap:1rem;font-weight:600}
        figcaption span{font-weight:400;color:var(--soft);font-size:.85rem}
        figcaption i{display:inline-block;width:.7rem;height:.2rem;border-radius:.1rem;
        vertical-align:middle;margin:0 .3rem 0 .8rem}
        svg{display:block;width:100%;height:auto}svg text{fill:var(--soft);font-size:11px;font-variant-numeric:tabular-nums}
        .grid{stroke:var(--line);stroke-width:1}.s0{stroke:var(--a)}.s1{stroke:var(--b)}
        .curve{fill:none;stroke-width:1.8;stroke-linejoin:round}
        .dot{stroke:none}.dot.s0{fill:var(--a)}.dot.s1{fill:var(--b)}
        .wide{overflow-x:auto}
        table{border-collapse:collapse;width:100%;background:var(--card);border:1px solid var(--line);
        border-radius:.6rem;font-size:.9rem}
        td,th{text-align:left;padding:.35rem .8rem;border-top:1px solid var(--line);vertical-align:top;overflow-wrap:anywhere}
        tr:first-child td,tr:first-child th{border-top:0}
        th{font-weight:500;color:var(--soft);width:18rem}td{font-family:ui-monospace,monospace}
        """;

    /// <summary>Makes the page.</summary>
    /// <param name="title">What was trained.</param>
    /// <param name="settings">Names and values for the table; plain text.</param>
    /// <param name="entries">The log, oldest first.</param>
    /// <returns>A whole HTML document.</returns>
    public static string Make(string title, IReadOnlyList<KeyValuePair<string, string>> settings, IReadOnlyList<LogEntry> entries)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(entries);
        string name = WebUtility.HtmlEncode(title);
        var page = new StringBuilder();
        page.Append("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
            .Append("<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<title>").Append(name)
            .Append("</title>\n<style>\n").Append(Style).Append("\n</style>\n</head>\n<body>\n<h1>").Append(name)
            .Append("</h1>\n");
        page.Append(CultureInfo.InvariantCulture,
            $"<p class=\"sub\">Seriatim training, step {(entries.Count > 0 ? entries[^1].Step : 0):N0}</p>\n");
        Tiles(page, entries);
        page.Append("<div class=\"charts\">\n");
        foreach ((string chart, string[] figures) in Charts)
        {
            TrainingChart.Draw(page, chart,
                [.. figures.Select(f => new KeyValuePair<string, IReadOnlyList<LogEntry>>(f, Having(entries, f)))
                    .Where(s => s.Value.Count > 0)]);
        }
        page.Append("</div>\n<h2>Settings</h2>\n<div class=\"wide\"><table>\n");
        foreach ((string key, string value) in settings)
        {
            page.Append("<tr><th>").Append(WebUtility.HtmlEncode(key)).Append("</th><td>").Append(WebUtility.HtmlEncode(value))
                .Append("</td></tr>\n");
        }
        page.Append("</table></div>\n</body>\n</html>\n");
        return page.ToString();
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

    private static void Tiles(StringBuilder page, IReadOnlyList<LogEntry> entries)
    {
        page.Append("<div class=\"tiles\">\n");
        Tile("Loss", Last("loss"), "G4");
        Tile("Validation loss", Last("eval_loss"), "G4");
        Tile("Best validation loss", Having(entries, "eval_loss").Select(e => (double?)e.Values["eval_loss"]).Min(), "G4");
        Tile("Bits per byte", Last("eval_bits_per_byte"), "G4");
        Tile("BLEU", Last("eval_bleu"), "F1");
        Tile("Tokens per second", Last("tokens_per_second"), "N0");
        Tile("Of the machine's peak", Last("fma_fraction"), "P0");
        page.Append("</div>\n");

        double? Last(string figure) => Having(entries, figure) is [.., var last] ? last.Values[figure] : null;

        void Tile(string name, double? value, string format)
        {
            if (value is { } number)
                page.Append("<div class=\"tile\"><span>").Append(name).Append("</span><b>")
                    .Append(number.ToString(format, CultureInfo.InvariantCulture)).Append("</b></div>\n");
        }
    }

    private static LogEntry[] Having(IReadOnlyList<LogEntry> entries, string figure) =>
        [.. entries.Where(e => e.Values.TryGetValue(figure, out double value) && double.IsFinite(value))];
}
