using System.CommandLine;
using System.Text.Json;

namespace Seriatim.Cli;

/// <summary><c>seriatim list</c>: the models that are on this machine, and what they take.</summary>
internal static class ListCommand
{
    private const string Gap = "   ";

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

    private static (string Name, string Size, string Kind, string From) Row(ModelEntry model) => (
        model.Name, Terminal.Bytes(model.Bytes), model.Architecture ?? "?",
        model.Source == ModelEntry.BuiltIn ? "built in" : model.Complete ? "cache" : "cache, not complete: pull it");

    private static void Print(IReadOnlyList<ModelEntry> models)
    {
        (string Name, string Size, string Kind, string From)[] rows = [("name", "size", "kind", "from"), .. models.Select(Row)];
        int name = rows.Max(row => TextWidth.Of(row.Name)), size = rows.Max(row => row.Size.Length),
            kind = rows.Max(row => row.Kind.Length);
        int most = Console.IsOutputRedirected ? int.MaxValue : Terminal.HelpWidth;
        bool wide = name + size + kind + rows.Max(row => row.From.Length) + 3 * Gap.Length <= most;
        foreach ((string Name, string Size, string Kind, string From) row in models.Count == 0 ? [] : wide ? rows : rows[1..])
        {
            Console.Out.WriteLine(wide
                ? $"{row.Name}{new string(' ', name - TextWidth.Of(row.Name))}{Gap}{row.Size.PadLeft(size)}"
                    + $"{Gap}{row.Kind.PadRight(kind)}{Gap}{row.From}"
                : $"{row.Name}\n  {row.Size}, {row.Kind}, {row.From}");
        }

        string cache = new ModelHub().CacheFolder;
        if (models.All(model => model.Source != ModelEntry.Cache))
            Terminal.Note($"The cache ({cache}) holds no model. 'seriatim pull owner/name' fetches one.");
        else
            Terminal.Note($"The cache is {cache}. 'seriatim rm owner/name' takes a model out of it.");
    }
}
