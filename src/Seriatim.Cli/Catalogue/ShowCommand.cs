using System.CommandLine;
using System.Text.Json;
using Seriatim.Generation;
using Spectre.Console;

namespace Seriatim.Cli;

/// <summary><c>seriatim show</c>: what a model is, on one screen; <c>inspect</c> says all of it.</summary>
internal static class ShowCommand
{
    public static Command Build()
    {
        var name = new Argument<string>("model") { Description = "A model folder, a .gguf file, a built-in name or a hub id." };
        name.CompletionSources.Add(ModelNames.Complete);
        Option<bool> json = SharedOptions.Json("one JSON object");
        var command = new Command("show", "Say shortly what a model is.") { name, json };
        command.SetAction(async (result, cancellation) =>
        {
            string given = result.GetRequiredValue(name);
            string folder = await ModelFolder.ResolveAsync(given, cancellation);
            using LanguageModel model = await LanguageModel.OpenAsync(
                folder, new LanguageModelOptions { Threads = 1, Engine = new EngineOptions { Pages = 1 } }, cancellation);
            ModelSummary summary = ModelSummary.Of(model, given, folder);
            if (result.GetValue(json))
                Console.Out.WriteLine(JsonSerializer.Serialize(summary, CliJson.Lines.ModelSummary));
            else
                Print(summary);
            return ExitCodes.Success;
        });
        return command;
    }

    private static void Print(ModelSummary summary)
    {
        Grid grid = new Grid().AddColumn(new GridColumn().NoWrap().PadLeft(0).PadRight(2))
            .AddColumn(new GridColumn().PadLeft(0).PadRight(0));
        foreach ((string name, string value) in summary.Rows())
            grid.AddRow(new Text(name, new Style(Color.Grey)), new Text(value));
        Terminal.Table(grid);
    }
}
