using System.Text.Json;

namespace Seriatim.Cli;

/// <summary>What <c>list --json</c> prints for each model.</summary>
/// <param name="Name">What <c>-m</c> takes.</param>
/// <param name="Source">built_in or cache.</param>
/// <param name="Architecture">Model type of its config; missing where there is none that can be read.</param>
/// <param name="Bytes">What it takes on the disk.</param>
/// <param name="Complete">Whether it can be opened.</param>
/// <param name="Folder">Where it is.</param>
internal sealed record ModelEntry(string Name, string Source, string? Architecture, long Bytes, bool Complete, string Folder)
{
    public const string BuiltIn = "built_in", Cache = "cache";

    /// <summary>All models that need no download.</summary>
    public static async Task<IReadOnlyList<ModelEntry>> AllAsync(CancellationToken cancellation)
    {
        var hub = new ModelHub();
        var all = new List<ModelEntry>();
        foreach (string name in hub.BuiltIn)
        {
            string folder = Path.GetFullPath(await hub.ResolveAsync(name, cancellationToken: cancellation));
            all.Add(new ModelEntry(name, BuiltIn, Type(folder), Size(folder), Complete: true, folder));
        }

        all.AddRange(hub.Cached.Select(model => new ModelEntry(
            model.Id, Cache, model.Snapshot is { } snapshot ? Type(snapshot) : null, model.Bytes,
            model.Snapshot is not null, model.Snapshot ?? model.Folder)));
        return all;
    }

    private static long Size(string path) => File.Exists(path) ? new FileInfo(path).Length
        : new DirectoryInfo(path).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length);

    private static string? Type(string folder)
    {
        string config = Path.Combine(folder, "config.json");
        if (!File.Exists(config))
            return null;
        try
        {
            using JsonDocument json = JsonDocument.Parse(File.ReadAllText(config));
            return json.RootElement.TryGetProperty("model_type", out JsonElement type) ? type.GetString() : null;
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
