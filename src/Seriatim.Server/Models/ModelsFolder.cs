namespace Seriatim.Server;

/// <summary>The models that lie in a folder: folders in the Hugging Face layout and GGUF files, each by its name.</summary>
internal static class ModelsFolder
{
    /// <exception cref="ServerConfigurationException">There is no such folder, or nothing in it.</exception>
    public static IReadOnlyList<ServedModelOptions> Find(string folder)
    {
        if (!Directory.Exists(folder))
            throw new ServerConfigurationException($"There is no folder {Path.GetFullPath(folder)} to take models from.");
        List<ServedModelOptions> models =
        [
            .. Directory.EnumerateDirectories(folder).Where(IsModel).Order(StringComparer.Ordinal).Select(Of),
            .. Files(folder).Order(StringComparer.Ordinal).Select(Of),
        ];
        return models.Count > 0 ? models : throw new ServerConfigurationException(
            $"{Path.GetFullPath(folder)} has no model in it: no folder with config.json or a .gguf file, and no .gguf file.");
    }

    private static ServedModelOptions Of(string path) => new() { Model = path, Name = NameOf(path) };

    /// <summary>The name of a folder or file: what stands before its ending and the number of its part.</summary>
    public static string NameOf(string path)
    {
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)));
        if (!name.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase))
            return name;
        name = name[..^".gguf".Length];
        int part = name.LastIndexOf("-00001-of-", StringComparison.Ordinal);
        return part > 0 ? name[..part] : name;
    }

    private static bool IsModel(string folder) => File.Exists(Path.Combine(folder, "config.json")) || Files(folder).Any();

    /// <summary>GGUF files that are models of their own: of a split the first part alone.</summary>
    private static IEnumerable<string> Files(string folder) => Directory.EnumerateFiles(folder, "*.gguf")
        .Where(file => ModelFilePicker.Pick([Path.GetFileName(file)], Path.GetFileName(file), out _) is not null
            || Path.GetFileName(file).Contains("-00001-of-", StringComparison.Ordinal));
}
