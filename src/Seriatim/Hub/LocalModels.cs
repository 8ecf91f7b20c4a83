namespace Seriatim;

/// <summary>Finds models that are already on this machine: folders, files of one, and built-in models by name.</summary>
internal static class LocalModels
{
    public static string? Find(string name)
    {
        if (File.Exists(name))
            return FolderOf(name);
        string? builtIn = IsPlainName(name) && Path.Combine(BuiltInFolder, name) is var place && IsModel(place) ? place : null;

        // A folder that merely has the name of a built-in model, such as its recipe's, is not meant.
        return Directory.Exists(name) && (builtIn is null || IsModel(name)) ? name : builtIn;
    }

    /// <summary>What was looked for here before a name was taken for a hub id.</summary>
    public static string NotFound(HubId id)
    {
        string path = System.IO.Path.GetFullPath(id.Path);
        string near = Directory.Exists(id.Owner) ? $", though there is a folder {id.Owner}" : "";
        return $"{id}: there is no folder {path}{near}, so it is taken for a hub id.";
    }

    /// <summary>Names of the built-in models, in order.</summary>
    public static IReadOnlyList<string> BuiltIn() =>
        Directory.Exists(BuiltInFolder) ? [.. Directory.GetDirectories(BuiltInFolder).Where(IsModel).Select(Path.GetFileName).OfType<string>().Order()] : [];

    private static string FolderOf(string file)
    {
        if (Models.Model.IsGguf(file))
            return file;
        string folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
        bool belongs = Path.GetExtension(file) == ".safetensors" || Path.GetFileName(file) is "config.json" or "model.safetensors.index.json";
        if (belongs && IsModel(folder))
            return folder;
        throw new InvalidModelNameException(
            $"{file} is a file that is not part of a model folder. Give the folder that holds config.json and model.safetensors, one of these files, or a .gguf file.");
    }

    /// <summary>Where built-in models lie: in the folder that SERIATIM_MODELS names, else in <c>models</c> beside the program.</summary>
    private static string BuiltInFolder => Environment.GetEnvironmentVariable("SERIATIM_MODELS") is { Length: > 0 } folder
        ? folder : Path.Combine(AppContext.BaseDirectory, "models");

    private static bool IsModel(string folder) => File.Exists(Path.Combine(folder, "config.json"));

    private static bool IsPlainName(string name) =>
        name.Length is > 0 and <= 96 && name[0] != '.' && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');
}
