using System.CommandLine;
using System.Text.Json;

namespace Seriatim.Cli;

/// <summary><c>seriatim pull</c>: fetches a model from the hub, and prints where it is.</summary>
internal static class PullCommand
{
    public static Command Build()
    {
        var id = new Argument<string>("id")
        {
            Description = "A hub id, owner/name[@revision][:Q4_K_M]; after the colon a tag or the name of a .gguf file.",
        };
        Option<bool> json = SharedOptions.Json("a JSON object with folder, model (what -m takes) and files");
        var command = new Command("pull",
            "Fetch a model from the hub, or what has changed of it; print its folder, or its GGUF file.") { id, json };
        command.SetAction(async (result, cancellation) =>
        {
            string name = result.GetRequiredValue(id);
            string model = await ModelFolder.PullAsync(name, cancellation);
            Console.Out.WriteLine(result.GetValue(json)
                ? JsonSerializer.Serialize(Describe(name, model), CliJson.Lines.PulledModel)
                : model);
            return ExitCodes.Success;
        });
        return command;
    }

    private static PulledModel Describe(string id, string model)
    {
        string folder = File.Exists(model) ? Path.GetDirectoryName(model)! : model;
        return new PulledModel(id, folder, model, [.. Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal)
            .Select(path => new PulledFile(Path.GetFileName(path), SizeOf(path)))]);
    }

    /// <summary>Files of a snapshot are links to the blobs of the cache.</summary>
    private static long SizeOf(string path) =>
        new FileInfo(path).ResolveLinkTarget(returnFinalTarget: true) is FileInfo target
            ? target.Length
            : new FileInfo(path).Length;
}

/// <summary>What <c>pull --json</c> prints.</summary>
/// <param name="Id">The hub id, as it was given.</param>
/// <param name="Folder">Where the model is.</param>
/// <param name="Model">What opens it: the folder, or its GGUF file.</param>
/// <param name="Files">What is in it.</param>
internal sealed record PulledModel(string Id, string Folder, string Model, IReadOnlyList<PulledFile> Files);

/// <summary>A file of a fetched model.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Bytes">Its size.</param>
internal sealed record PulledFile(string Name, long Bytes);
