using System.Globalization;
using Seriatim.Simulation;
using Spectre.Console;

namespace Seriatim.Cli;

/// <summary>The simulation of a cluster as text.</summary>
internal static class ClusterLabView
{
    private static readonly CultureInfo Plain = CultureInfo.InvariantCulture;

    /// <summary>A table with a column for each routing.</summary>
    public static void Print(ClusterLabReport report)
    {
        Print(report.Cost);
        ClusterOutcome first = report.Outcomes[0];
        string doors = report.Doors == 1 ? "1 door" : $"{report.Doors} doors";
        string whose = report.Cell == first.Replicas ? "all" : string.Create(Plain, $"each {report.Cell:N0}");
        Console.Out.WriteLine(string.Create(Plain, $"{report.Requests:N0} requests in {report.Conversations:N0} conversations, "
            + $"{report.PromptTokens:N0} tokens asked, {report.NewTokens:N0} answered; {first.Replicas:N0} replicas, {doors} for "
            + $"{whose}"));
        Table table = new Table().Border(TableBorder.Simple).AddColumn("");
        foreach (ClusterOutcome outcome in report.Outcomes)
            table.AddColumn(new TableColumn(outcome.Routing).RightAligned());
        Row("requests completed", one => Count(one.Completed));
        if (report.Outcomes.Any(one => one.Refused + one.NotSent > 0))
            Row("refused, not sent after that", one => $"{Count(one.Refused)}, {Count(one.NotSent)}");
        Row("prompt tokens from the prefix cache", one => Share(one.HitRate));
        Row("first token: median", one => Seconds(one.FirstToken.Median));
        Row("    mean", one => Seconds(one.FirstToken.Mean));
        Row("    90 of 100 within", one => Seconds(one.FirstToken.P90));
        Row("    99 of 100 within", one => Seconds(one.FirstToken.P99));
        Row("further token: median", one => Seconds(one.TokenTime.Median));
        Row("    99 of 100 within", one => Seconds(one.TokenTime.P99));
        Row("tokens a second", one => one.TokensPerSecond.ToString("N1", Plain));
        Row("until the last answer", one => Seconds(one.Seconds));
        Row("replicas busy", one => Share(one.BusyShare));
        Row("steps, rows in each",
            one => $"{Count(one.Steps)}, {((double)one.Rows / Math.Max(1, one.Steps)).ToString("N1", Plain)}");
        Row("preemptions", one => Count(one.Preemptions));
        Row("replica seconds for 1,000 tokens", one => one.ReplicaSecondsPerThousandTokens.ToString("N2", Plain));
        Row("    of these busy", one => one.BusySecondsPerThousandTokens.ToString("N2", Plain));
        if (report.Outcomes.Any(one => one.Killed + one.Frozen > 0))
        {
            Row("replicas killed, frozen", one => $"{Count(one.Killed)}, {Count(one.Frozen)}");
            Row("streams that went on elsewhere", one => Count(one.Resumed));
            Row("rows computed for nothing", one => Share((double)one.LostRows / Math.Max(1, one.Rows)));
            Row("rows computed once more", one => Share((double)one.RepeatedRows / Math.Max(1, one.Rows)));
            Row("stood still: median", one => Seconds(one.Still.Median));
            Row("    the longest", one => Seconds(one.Still.Most));
        }

        Terminal.Table(table);

        void Row(string name, Func<ClusterOutcome, string> cell) =>
            table.AddRow([name.EscapeMarkup(), .. report.Outcomes.Select(one => cell(one).EscapeMarkup())]);
    }

    /// <summary>What steps take.</summary>
    public static void Print(MeasuredPrice price)
    {
        string threads = price.Threads == 1 ? "1 thread" : $"{price.Threads} threads";
        string error = price.Steps == 0 ? "" : string.Create(Plain,
            $"; {price.Steps:N0} steps were within {100 * price.Error:N1} % of that, in the median");
        Console.Out.WriteLine(string.Create(Plain, $"a step of {price.Model} ({price.Machine}, {threads}): "
            + $"{price.StepSeconds * 1e3:G4} ms, {price.RowSeconds * 1e6:G4} µs a row, {price.OutputSeconds * 1e6:G4} µs more "
            + $"where its logits are wanted, {price.PositionSeconds * 1e9:G4} ns a position it sees{error}"));
    }

    private static string Count(long count) => count.ToString("N0", Plain);

    private static string Share(double share) => (100 * share).ToString("N1", Plain) + " %";

    private static string Seconds(double seconds) => seconds switch
    {
        < 1e-3 => (1e6 * seconds).ToString("N0", Plain) + " µs",
        < 1 => (1e3 * seconds).ToString(seconds < 0.1 ? "N1" : "N0", Plain) + " ms",
        _ => seconds.ToString(seconds < 100 ? "N2" : "N0", Plain) + " s",
    };
}
