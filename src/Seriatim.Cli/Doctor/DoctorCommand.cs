using System.CommandLine;
using System.Text.Json;
using Spectre.Console;

namespace Seriatim.Cli;

/// <summary><c>seriatim doctor</c>: what this machine and this installation can do, and what could be better.</summary>
internal static class DoctorCommand
{
    public static Command Build()
    {
        Option<bool> json = SharedOptions.Json("one JSON object");
        Option<int> threads = SharedOptions.Threads();
        var command = new Command("doctor", "Say what this machine can do for models, and what could be better.")
        {
            threads, json
        };
        command.SetAction(async (result, cancellation) =>
        {
            int count = SharedOptions.Read(result, threads).Threads;
            Task<DoctorReport> work = Task.Run(() => DoctorReport.Make(count), cancellation);
            await LiveProgress.ShowAsync(work, () => "measuring this machine");
            DoctorReport report = await work;
            if (result.GetValue(json))
                Console.Out.WriteLine(JsonSerializer.Serialize(report, CliJson.Lines.DoctorReport));
            else
                Print(report);
            return ExitCodes.Success;
        });
        return command;
    }

    private static void Print(DoctorReport report)
    {
        Grid grid = new Grid().AddColumn(new GridColumn().NoWrap().PadLeft(0).PadRight(2))
            .AddColumn(new GridColumn().PadLeft(0).PadRight(0));
        foreach ((string name, string value) in report.Rows())
            grid.AddRow(new Text(name, new Style(Color.Grey)), new Text(value));
        Terminal.Table(grid);
        Console.Out.WriteLine();
        int width = Terminal.HelpWidth;
        foreach (string advice in report.Advice.DefaultIfEmpty("Nothing stands in the way."))
            Console.Out.WriteLine($"- {string.Join("\n  ", WordFold.Lines(advice, width - 2))}");
    }
}
