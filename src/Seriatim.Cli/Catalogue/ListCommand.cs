using System.CommandLine;
using System.Text.Json;
using Spectre.Console;

namespace Seriatim.Cli;

/// <summary><c>seriatim list</c>: the models that are on this machine, and what they take.</summary>
internal static class ListCommand
{
    public static Command Build()
    {
        Option<bool> json = SharedOptions.Json("one JSON object a model");
        var command = new Command("list", "List built-in models and those in the cache of the hub.") { json };
        command.SetAction(async (result, cancellation) =>
        {
            IReadOnlyList<ModelEntry> models = await ModelEntry.AllAsync(cancellation);
            if (result.GetValue(json))
            {
                foreach (ModelEntry model in models)
                    Console.Out.WriteLine(JsonSerializer.Serialize(model, CliJson.Lines.ModelEntry));
            }
            else
            {
                Print(models);
            }

            return ExitCodes.Success;
        });
        return command;
    }

    private static void Print(IReadOnlyList<ModelEntry> models)
    {
        if (models.Count > 0)
        {
            Table table = new Table().Border(TableBorder.None).AddColumn("name").AddColumn(new TableColumn("size").RightAligned().NoWrap())
                .AddColumn("kind").AddColumn("from");
            foreach (TableColumn column in table.Columns)
                column.PadLeft(0).PadRight(3);
            foreach (ModelEntry model in models)
            {
                table.AddRow(
                    new Text(model.Name), new Text(Terminal.Bytes(model.Bytes)), new Text(model.Architecture ?? "?"),
                    new Text(model.Source == ModelEntry.BuiltIn ? "built in" : model.Complete ? "cache" : "cache, not complete: pull it"));
            }

            Terminal.Table(table);
        }

        string cache = new ModelHub().CacheFolder;
        if (models.All(model => model.Source != ModelEntry.Cache))
            Terminal.Note($"The cache ({cache}) holds no model. 'seriatim pull owner/name' fetches one.");
        else
            Terminal.Note($"The cache is {cache}. 'seriatim rm owner/name' takes a model out of it.");
    }
}
