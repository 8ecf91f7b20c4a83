using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Seriatim.Peers;

/// <summary>The one table: as Markdown for people, as JSON for programs.</summary>
internal static class PeerTable
{
    private static readonly JsonSerializerOptions Json =
        new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    public static string ToJson(PeerReport report) => JsonSerializer.Serialize(report, Json);

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <exception cref="JsonException">It is no such report.</exception>
    public static PeerReport FromJson(string json) => JsonSerializer.Deserialize<PeerReport>(json, Json)
        ?? throw new JsonException("It holds no report.");

    public static string ToMarkdown(PeerReport report)
    {
        PeerMachine machine = report.Machine;
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture,
            $"{machine.Processor} ({machine.Instructions}), {machine.Threads} threads, "
                + $"{machine.System}, {machine.Date}. By turns, ");
        text.Append(CultureInfo.InvariantCulture, $"{machine.Rounds} rounds, medians (least to most). ");
        text.AppendLine(CultureInfo.InvariantCulture,
            $"In the same rounds memory was read at {Shown(machine.ReadGigabytes)} GB/s, F32 multiply-adds ran at "
                + $"{Shown(machine.FmaGigaflops)} GFLOP/s.");
        text.AppendLine().AppendLine("| work | peer | version | speed | unit | Seriatim is faster by | note |");
        text.AppendLine("|---|---|---|---|---|---|---|");
        string? work = null;
        foreach (PeerLine line in report.Lines)
        {
            string[] cells =
            [
                line.Work == work ? "" : line.Work, line.Peer, line.Version, line.Speed is null
                    ? "missing"
                    : Shown(line.Speed), line.Unit,
                line.Ratio is null ? "" : Ratio(line.Ratio), line.Note ?? "",
            ];
            text.Append("| ").AppendJoin(" | ", cells.Select(Cell)).AppendLine(" |");
            work = line.Work;
        }

        return text.ToString();
    }

    private static string Shown(Figure figure) => Spread(figure, figure.Median >= 100 ? "F0" : figure.Median >= 10 ? "F1" : "F2");

    private static string Ratio(Figure figure) => Spread(figure, "F2");

    private static string Spread(Figure figure, string format) => string.Create(CultureInfo.InvariantCulture,
        $"{figure.Median.ToString(format, CultureInfo.InvariantCulture)} "
            + $"({figure.Least.ToString(format, CultureInfo.InvariantCulture)} to "
            + $"{figure.Most.ToString(format, CultureInfo.InvariantCulture)})");

    /// <summary>What stands in a cell must not end it.</summary>
    private static string Cell(string text) => text.ReplaceLineEndings(" ").Replace("|", "\\|", StringComparison.Ordinal).Trim();
}
