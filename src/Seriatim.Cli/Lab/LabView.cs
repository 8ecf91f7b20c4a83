using System.Globalization;
using Seriatim.Lab;

namespace Seriatim.Cli;

/// <summary>The lab in a terminal.</summary>
internal static class LabView
{
    private static int Width => Terminal.HelpWidth;

    /// <summary>The experiments and their claims.</summary>
    public static void List(IReadOnlyList<Experiment> experiments)
    {
        int name = experiments.Max(e => e.Name.Length);
        foreach (Experiment experiment in experiments)
        {
            IEnumerable<string> lines = WordFold.Lines(experiment.Claim.English, Math.Max(20, Width - name - 2));
            Console.Out.WriteLine($"{experiment.Name.PadRight(name)}  {string.Join("\n" + new string(' ', name + 2), lines)}");
        }

        Terminal.Note("'seriatim lab NAME' measures one, 'seriatim lab all --quick --html lab.html' all within ten minutes.");
    }

    /// <summary>The machine and its limits.</summary>
    public static void Print(LabMachine machine) => Folded(string.Create(CultureInfo.InvariantCulture,
        $"{machine.Processor}, {machine.Threads} thread{(machine.Threads == 1 ? "" : "s")}: memory is read with "
            + $"{machine.Limits.ReadBytesPerSecond / 1e9:F1} GB/s, F32 multiply-adds "
            + $"{machine.Limits.F32MultiplyAddsPerSecond / 1e9:F0} G/s\n"));

    /// <summary>One result: claim, plot, tables, what the rule says.</summary>
    public static void Print(Experiment experiment, LabResult result)
    {
        Console.Out.WriteLine(
            $"{Coloured("1", experiment.Title.English)} ({experiment.Name}, {LabNumbers.Seconds(result.Seconds)})");
        Folded(experiment.Claim.English);
        Folded($"{experiment.Source}. Predicts: {experiment.Formula}");
        if (result.Model is { } model)
            Folded($"Model: {model}");
        if (result.Plot is { } plot)
        {
            Console.Out.WriteLine();
            Console.Out.WriteLine(plot.Title.English);
            foreach (string line in TextPlot.Draw(plot, Width))
                Console.Out.WriteLine(line);
        }

        foreach (LabTable table in result.Tables)
            Print(table);
        Console.Out.WriteLine();
        foreach (Expectation expectation in result.Skipped is null ? experiment.Rule : [])
        {
            Figure? figure = result.Figures.FirstOrDefault(f => f.Key == expectation.Figure);
            Verdict verdict = figure is null ? Verdict.Unfinished : expectation.Judge(figure.Value);
            string value = figure is null ? "not measured" : LabNumbers.Format(figure.Value, figure.Unit);
            Folded($"{Mark(verdict)} {expectation.Words.English} "
                + $"({LabNumbers.Bounds(expectation.Low, expectation.High).English}): {value}", "  ");
        }

        foreach (LabText note in result.Notes)
            Folded(note.English);
        string colour = result.Verdict switch
        {
            Verdict.Holds => "32",
            Verdict.HoldsWithAnotherFactor => "33",
            Verdict.DoesNotHold or Verdict.Failed => "31",
            _ => "90",
        };
        string words = LabWords.Of(result.Verdict).English;
        Console.Out.WriteLine(Coloured(colour, result.Verdict switch
        {
            Verdict.Skipped or Verdict.Failed => $"The experiment {(result.Verdict == Verdict.Failed ? "" : "was ")}{words}.",
            Verdict.Unfinished => "Interrupted: there is no verdict.",
            _ => $"The claim {words}.",
        }));
        if (result.Skipped is { } why)
            Folded(why.English);
        Console.Out.WriteLine();
    }

    private static void Print(LabTable table)
    {
        IReadOnlyList<string>[] rows = [[.. table.Columns.Select(column => column.English)], .. table.Rows];
        int[] widths = [.. Enumerable.Range(0, table.Columns.Count).Select(i => rows.Max(row => TextWidth.Of(row[i])))];
        Console.Out.WriteLine();
        Console.Out.WriteLine(table.Title.English);
        foreach (IReadOnlyList<string> row in rows)
        {
            IEnumerable<string> cells = row.Select((cell, i) =>
            {
                string room = new(' ', widths[i] - TextWidth.Of(cell));
                return i == 0 ? cell + room : room + cell;
            });
            Console.Out.WriteLine(("  " + string.Join("  ", cells)).TrimEnd());
        }
    }

    private static string Mark(Verdict verdict) => verdict switch
    {
        Verdict.Holds => Coloured("32", "+"),
        Verdict.HoldsWithAnotherFactor => Coloured("33", "~"),
        Verdict.DoesNotHold => Coloured("31", "-"),
        _ => "?",
    };

    private static string Coloured(string code, string text) => Terminal.IsOutputColoured ? $"\e[{code}m{text}\e[0m" : text;

    private static void Folded(string text, string hanging = "")
    {
        bool first = true;
        foreach (string line in WordFold.Lines(text, Width - hanging.Length))
        {
            Console.Out.WriteLine(first ? line : hanging + line);
            first = false;
        }
    }
}
