using System.Globalization;
using System.Text;

namespace Seriatim.Peers;

/// <summary>What a reader in a hurry wants of some reports: each work beside the fastest of the others.</summary>
internal static class PeerSummary
{
    /// <summary>A table, and under it where it was measured.</summary>
    public static string ToMarkdown(IReadOnlyList<PeerReport> reports)
    {
        var text = new StringBuilder();
        text.AppendLine("| work | Seriatim | the fastest other | | Seriatim is faster by |").AppendLine("|---|---|---|---|---|");
        foreach (PeerReport report in reports)
        {
            foreach (IGrouping<string, PeerLine> work in report.Lines.GroupBy(line => line.Work))
                text.AppendLine(Row(work.Key, [.. work]));
        }

        text.AppendLine();
        foreach (IGrouping<string, PeerMachine> same in reports.Select(report => report.Machine)
            .GroupBy(machine => $"{machine.Processor} ({machine.Instructions}), {machine.Threads} threads, {machine.System}"))
        {
            text.AppendLine($"{same.Key}; {Range(same, machine => machine.ReadGigabytes)} GB/s read, "
                + $"{Range(same, machine => machine.FmaGigaflops)} GFLOP/s of F32 in the same rounds; by turns, medians of "
                + $"{string.Join(" or ", same.Select(machine => machine.Rounds).Distinct().Order())} rounds.");
        }

        return text.ToString().ReplaceLineEndings("\n");
    }

    private static string Row(string work, PeerLine[] lines)
    {
        PeerLine own = lines[0];
        PeerLine? best = lines.Where(line => line.Ratio is not null).MinBy(line => line.Ratio!.Median);
        return best is null
            ? $"| {work} | {Shown(own)} | none was measured | | |"
            : $"| {work} | {Shown(own)} | {best.Peer} | {Shown(best)} | **{Number(best.Ratio!.Median, 2)}** "
                + $"({Number(best.Ratio.Least, 2)} to {Number(best.Ratio.Most, 2)}) |";
    }

    private static string Shown(PeerLine line) => line.Speed is { } speed
        ? $"{Number(speed.Median, speed.Median >= 100 ? 0 : 1)} {line.Unit}" : "missing";

    private static string Range(IEnumerable<PeerMachine> machines, Func<PeerMachine, Figure> figure)
    {
        double[] medians = [.. machines.Select(machine => figure(machine).Median).Order()];
        string least = Number(medians[0], 0), most = Number(medians[^1], 0);
        return least == most ? least : $"{least} to {most}";
    }

    private static string Number(double value, int digits) =>
        value.ToString($"F{digits}", CultureInfo.InvariantCulture);
}
