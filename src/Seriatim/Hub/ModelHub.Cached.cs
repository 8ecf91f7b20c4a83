namespace Seriatim;

public sealed partial class ModelHub
{
    private const string CachePrefix = "models--";

    /// <summary>Folder of the cache that the Hugging Face libraries share.</summary>
    public string CacheFolder => _options.Cache;

    /// <summary>The models in the cache, by id; whatever program fetched them.</summary>
    public IReadOnlyList<CachedModel> Cached => !Directory.Exists(CacheFolder) ? []
        : [.. Directory.GetDirectories(CacheFolder, CachePrefix + "*").Select(Describe).OfType<CachedModel>()
            .OrderBy(model => model.Id, StringComparer.Ordinal)];

    /// <summary>Takes a model out of the cache, with all its revisions.</summary>
    /// <param name="id">Its id, <c>owner/name</c>.</param>
    /// <returns>What it was; null: it was not there.</returns>
    /// <exception cref="IOException">It is in use, or may not be deleted.</exception>
    public CachedModel? Remove(string id)
    {
        ArgumentNullException.ThrowIfNull(id);
        if (Cached.FirstOrDefault(model => model.Id == id) is not { } found)
            return null;
        Directory.Delete(found.Folder, recursive: true);
        return found;
    }

    private CachedModel? Describe(string folder)
    {
        string name = Path.GetFileName(folder)[CachePrefix.Length..].Replace("--", "/", StringComparison.Ordinal);
        if (!HubId.TryParse(name, out HubId id))
            return null;
        string snapshots = Path.Combine(folder, "snapshots");
        string? newest = Complete(id) ?? (!Directory.Exists(snapshots) ? null
            : Directory.GetDirectories(snapshots).OrderByDescending(Directory.GetLastWriteTimeUtc)
                .Select(snapshot => Complete(id with { Revision = Path.GetFileName(snapshot) }))
                .FirstOrDefault(place => place is not null));

        // Snapshots are links to the blobs, as a rule; what is a link takes no room.
        long bytes = new DirectoryInfo(folder).EnumerateFiles("*",
            new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint })
            .Sum(file => file.Length);
        return new CachedModel { Id = id.Path, Folder = folder, Snapshot = newest, Bytes = bytes };

        string? Complete(HubId revision) => new HubCache(CacheFolder, revision).Find(out _, anyGguf: true);
    }
}
