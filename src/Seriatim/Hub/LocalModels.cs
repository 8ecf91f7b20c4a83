namespace Seriatim;

/// <summary>
/// Finds models that are already on this machine: folders, files of one, built-in models and those of ollama's store by name.
/// </summary>
internal static class LocalModels
{
    public static string? Find(string name, ModelHubOptions options)
    {
        if (File.Exists(name))
            return FolderOf(name);
        string? builtIn = IsPlainName(name) && Path.Combine(BuiltInFolder, name) is var place && IsModel(place) ? place : null;

        // A folder that merely has the name of a built-in model, such as its recipe's, is not meant.
        if (Directory.Exists(name) && (builtIn is null || IsModel(name) || IsHubFolder(name)))
            return InFolder(name);
        return builtIn ?? OllamaStore.Find(name, options);
    }

    /// <summary>What opens the model of a folder: the folder, its only GGUF file, or a snapshot of the hub's cache.</summary>
    private static string InFolder(string folder)
    {
        if (IsHubFolder(folder))
            return InHubFolder(folder);
        string[] files = [.. Directory.EnumerateFiles(folder, "*.gguf").Select(path => Path.GetFileName(path))];
        if (IsModel(folder) || files.Length == 0)
            return folder;
        if (ModelFilePicker.Pick(files, null, out string problem)?.PathIn(folder) is { } picked)
            return picked;
        problem = problem.Replace(
            "Give a tag or a file after a colon", "Give the path of one of them", StringComparison.Ordinal);
        throw new InvalidModelNameException($"{folder}: {problem}.");
    }

    private static string InHubFolder(string folder)
    {
        string id = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)))["models--".Length..]
            .Replace("--", "/", StringComparison.Ordinal);
        string reference = Path.Combine(folder, "refs", "main");
        string[] snapshots = [.. Directory.EnumerateDirectories(Path.Combine(folder, "snapshots"))
            .Select(path => Path.GetFileName(path))];
        string commit = File.Exists(reference) ? File.ReadAllText(reference).Trim() : snapshots.Length == 1 ? snapshots[0]
            : throw new InvalidModelNameException(
                $"{folder} has {snapshots.Length} snapshots and no refs/main. Give the path of a snapshot, or the hub id {id}.");
        string snapshot = Path.Combine(folder, "snapshots", commit);
        string problem = "the snapshot is not there";
        return HubCache.IsCommitName(commit) && Directory.Exists(snapshot)
            && ModelFilePicker.PickIn(snapshot, null, out problem) is { } files
            ? files.PathIn(snapshot)
            : throw new InvalidModelNameException($"{snapshot}: {problem}. Finish it: seriatim pull {id}");
    }

    private static bool IsHubFolder(string folder) =>
        Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)))
            .StartsWith("models--", StringComparison.Ordinal) && Directory.Exists(Path.Combine(folder, "snapshots"));

    /// <summary>What was looked for here before a name was taken for a hub id.</summary>
    public static string NotFound(HubId id)
    {
        string path = System.IO.Path.GetFullPath(id.Path);
        string near = Directory.Exists(id.Owner) ? $", though there is a folder {id.Owner}" : "";
        return $"{id}: there is no folder {path}{near}, so it is taken for a hub id.";
    }

    /// <summary>Names of the built-in models, in order.</summary>
    public static IReadOnlyList<string> BuiltIn() =>
        Directory.Exists(BuiltInFolder)
            ? [.. Directory.GetDirectories(BuiltInFolder).Where(IsModel).Select(Path.GetFileName).OfType<string>().Order()]
            : [];

    private static string FolderOf(string file)
    {
        if (Models.Model.IsGguf(file))
            return file;
        string folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
        bool belongs = Path.GetExtension(file) == ".safetensors"
            || Path.GetFileName(file) is "config.json" or "model.safetensors.index.json";
        if (belongs && IsModel(folder))
            return folder;
        throw new InvalidModelNameException(
            $"{file} is a file that is not part of a model folder. Give the folder that holds config.json and model.safetensors, "
                + "one of these files, or a GGUF file.");
    }

    /// <summary>
    /// Where built-in models lie: in the folder that SERIATIM_MODELS names, else in <c>models</c> beside the program.
    /// </summary>
    private static string BuiltInFolder => Environment.GetEnvironmentVariable("SERIATIM_MODELS") is { Length: > 0 } folder
        ? folder : Path.Combine(AppContext.BaseDirectory, "models");

    private static bool IsModel(string folder) => File.Exists(Path.Combine(folder, "config.json"));

    private static bool IsPlainName(string name) =>
        name.Length is > 0 and <= 96 && name[0] != '.' && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');
}
