using System.CommandLine;
using System.Text.Json;
using Seriatim.Models;
using Seriatim.Tensors;
using Spectre.Console;

namespace Seriatim.Cli;

/// <summary>
/// <c>seriatim check</c>: whether a model holds what any model must, and whether two files say the same: what to run before one
/// trusts a file that was converted.
/// </summary>
internal static class CheckCommand
{
    private const int Rows = 256;
    private const double UsualDivergence = 0.1;

    public static Command Build()
    {
        var model = new Argument<string>("model") { Description = "The model: what -m takes elsewhere." };
        var other = new Argument<string?>("other")
        {
            Description =
                "Another one that should say the same: a folder, a .gguf file. Its logits are held against the first one's.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var file = new Option<string?>("--file", "-f")
        {
            Description = $"Compare on the first {Rows} tokens of this text instead of a built-in one.",
            HelpName = "file",
        };
        var divergence = new Option<double>("--max-kl")
        {
            Description = "Largest mean divergence of the probabilities, in nats, that still passes.",
            DefaultValueFactory = _ => UsualDivergence,
            HelpName = "nats",
        };
        var exact = new Option<bool>("--f32")
        {
            Description =
                "Open all weights to F32: the values of the files are compared, without the rounding of products of blocks.",
        };
        Option<int> threads = SharedOptions.Threads();
        Option<bool> json = SharedOptions.Json("one JSON object");
        model.CompletionSources.Add(ModelNames.Complete);
        other.CompletionSources.Add(ModelNames.Complete);
        var command = new Command("check", "Test a model, or hold two files of it against each other.")
        {
            model, other, file, divergence, exact, threads, json,
        };
        command.SetAction(async (result, cancellation) =>
        {
            double most = result.GetValue(divergence);
            if (!(most >= 0))
                throw new UsageException($"--max-kl is {most}; it must be 0 or more.");
            var work = new CheckRun(SharedOptions.Read(result, threads).Threads,
                result.GetValue(exact) ? WeightStorage.F32 : WeightStorage.AsStored, most, Text(result.GetValue(file)));
            string name = result.GetRequiredValue(model);
            string? second = result.GetValue(other);
            string folder = await ModelFolder.ResolveAsync(name, cancellation);
            string? otherFolder = second is null ? null : await ModelFolder.ResolveAsync(second, cancellation);
            Task<CheckReport> running = Task.Run(() => work.RunAsync(name, folder, second, otherFolder, cancellation),
                cancellation);
            await LiveProgress.ShowAsync(running, () => work.Doing);
            CheckReport report = await running;
            if (result.GetValue(json))
                Console.Out.WriteLine(JsonSerializer.Serialize(report, CliJson.Lines.CheckReport));
            else
                Print(report);
            return report.Passed ? ExitCodes.Success : ExitCodes.Failure;
        });
        return command;
    }

    private static string Text(string? file) => file is null ? SelfChecks.Text : File.ReadAllText(file);

    private static void Print(CheckReport report)
    {
        Grid grid = new Grid().AddColumn(new GridColumn().NoWrap().PadLeft(0).PadRight(2))
            .AddColumn(new GridColumn().NoWrap().PadLeft(0).PadRight(2)).AddColumn(new GridColumn().PadLeft(0).PadRight(0));
        foreach (CheckLine line in report.Checks)
        {
            Color colour = line.Result switch { "passed" => Color.Green, "failed" => Color.Red, _ => Color.Grey };
            grid.AddRow(new Text(line.Result, new Style(colour)), new Text(line.Name), new Text(line.Detail));
        }

        Terminal.Table(grid);
        Console.Out.WriteLine(report.Passed ? "passed" : "failed");
    }
}
