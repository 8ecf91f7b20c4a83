using Microsoft.AspNetCore.Builder;
using Seriatim.Generation;
using Seriatim.Server;

namespace Seriatim.Cli;

/// <summary>What is shown when the server listens: where, which models, and what to type.</summary>
internal static class ServeScreen
{
    private const int MostModels = 20;

    public static void Show(WebApplication server, ServerCore core)
    {
        string url = server.Urls.First();
        ServedModel[] models = [.. core.Models.Models];
        Terminal.Note($"Seriatim {HelpVerbs.ShortVersion} listens at {url}");
        Terminal.Note("");
        int width = models.Take(MostModels).Max(model => TextWidth.Of(model.Name));
        foreach (ServedModel model in models.Take(MostModels))
        {
            string names = string.Join(", ", model.Names.Skip(1));
            string padding = new(' ', width - TextWidth.Of(model.Name) + 2);
            Terminal.Note($"  {model.Name}{padding}{(model.Preloads ? "opened now" : "opened when asked for")}"
                + (model.Parent is { } parent ? $" with {parent.Name}, of which it is an adapter" : "")
                + (names.Length == 0 ? "" : $", also called {names}"));
        }

        if (models.Length > MostModels)
            Terminal.Note($"  and {models.Length - MostModels} more: {url}/v1/models");
        Terminal.Note("");
        Terminal.Note(Memory(core.Options.ModelOptions.Engine));
        if (core.Options.ModelOptions.Pipeline is { } stages)
        {
            Terminal.Note($"The layers of each model are cut across {stages.Group.Size} processes; the log says how when a model "
                + "is opened.");
        }

        Terminal.Note("");
        string key = core.Options.ApiKeys.Count > 0 ? " -H \"Authorization: Bearer KEY\"" : "";
        Terminal.Note($"  curl {url}/v1/completions{key} \\");
        Terminal.Note($"    -d '{{\"model\": \"{Shown(models)}\", \"prompt\": \"Once upon a time\", \"max_tokens\": 40}}'");
        if (ServedPage.Exists)
            Terminal.Note($"  {url} in a browser: the page");
        Terminal.Note($"  {url}/health  /ready  /metrics  /openapi.json");
        Terminal.Note("");
        Terminal.Note("Ctrl-C stops it once its requests have ended.");
    }

    /// <summary>What each model takes for its sequences.</summary>
    private static string Memory(EngineOptions engine) => engine.Pages is { } pages
        ? FormattableString.Invariant(
            $"Each model remembers {pages * (long)engine.PageSize:N0} positions of all its sequences together (-c).")
        : $"Each model takes up to {Terminal.Bytes(SequenceMemory.Usual)} for what its sequences remember, more where one whole "
            + "context needs it; -c N: for N positions.";

    /// <summary>The model of the example: of the built-in ones the one that goes on with texts.</summary>
    private static string Shown(ServedModel[] models) =>
        (models.FirstOrDefault(model => model.Name == "stories") ?? models[0]).Name;
}
