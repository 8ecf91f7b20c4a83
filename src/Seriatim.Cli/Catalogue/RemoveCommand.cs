using System.CommandLine;
using System.Text.Json;
using Seriatim.Training;

namespace Seriatim.Cli;

/// <summary><c>seriatim rm</c>: takes a model out of the cache of the hub.</summary>
internal static class RemoveCommand
{
    public static Command Build()
    {
        var id = new Argument<string>("model") { Description = "A hub id, owner/name, as 'seriatim list' shows it." };
        id.CompletionSources.Add(_ =>
            new ModelHub().Cached.Select(model => new System.CommandLine.Completions.CompletionItem(model.Id)));
        Option<bool> yes = Flag.Switch("Do not ask.", "--yes", "-y");
        Option<bool> json = SharedOptions.Json("one JSON object");
        var command = new Command("rm", "Take a model out of the cache of the hub, with all its revisions.") { id, yes, json };
        command.SetAction(async (result, cancellation) =>
        {
            CachedModel model = Find(result.GetRequiredValue(id));
            if (!result.GetValue(yes) && !await IsWantedAsync(model, cancellation))
            {
                Terminal.Note("Nothing was deleted.");
                return ExitCodes.Failure;
            }

            new ModelHub().Remove(model.Id);
            if (result.GetValue(json))
                Console.Out.WriteLine(JsonSerializer.Serialize(new RemovedModel(model.Id, model.Folder, model.Bytes),
                    CliJson.Lines.RemovedModel));
            else
                Terminal.Note($"{model.Id} is gone; {Terminal.Bytes(model.Bytes)} are free again.");
            return ExitCodes.Success;
        });
        return command;
    }

    private static CachedModel Find(string name)
    {
        var hub = new ModelHub();
        if (hub.Cached.FirstOrDefault(model => model.Id == name) is { } found)
            return found;
        if (hub.BuiltIn.Contains(name))
        {
            throw new UserErrorException(
                $"{name} is a built-in model, which comes with the program; only models of the cache are taken away.");
        }
        if (Directory.Exists(name) || File.Exists(name))
        {
            throw new UserErrorException(
                $"{name} is a file or folder of yours; only models of the cache ({hub.CacheFolder}) are taken away.");
        }
        string? nearest = NearestName.Find(name, hub.Cached.Select(model => model.Id));
        throw new UserErrorException($"{name} is not in the cache ({hub.CacheFolder}). "
            + $"{(nearest is null ? "'seriatim list' shows what is." : $"Did you mean {nearest}?")}");
    }

    private static async Task<bool> IsWantedAsync(CachedModel model, CancellationToken cancellation)
    {
        if (Console.IsInputRedirected || Console.IsErrorRedirected)
            throw new UsageException("Nobody can be asked here; say --yes.");
        await Console.Error.WriteAsync($"Delete {model.Folder} ({Terminal.Bytes(model.Bytes)})? [y/N] ");
        return (await StandardInput.ReadLineAsync(cancellation))?.Trim().ToLowerInvariant() is "y" or "yes";
    }
}

/// <summary>What <c>rm --json</c> prints.</summary>
/// <param name="Id">The hub id.</param>
/// <param name="Folder">The folder that is gone.</param>
/// <param name="Bytes">What it took on the disk.</param>
internal sealed record RemovedModel(string Id, string Folder, long Bytes);
