namespace Seriatim;

/// <summary>
/// The folder of one model in the layout of the Hugging Face cache: <c>blobs</c> by hash, <c>snapshots</c> of links to them by commit,
/// <c>refs</c> from branches to commits. A ref is written when its snapshot is complete.
/// </summary>
internal sealed class HubCache(string root, HubId id)
{
    private readonly string _folder = Path.Combine(root, $"models--{id.Owner}--{id.Name}");

    /// <summary>The complete snapshot of the wanted revision, or null.</summary>
    public string? FindSnapshot()
    {
        string commit = id.Revision;
        if (!id.IsCommit)
        {
            string reference = RefPath();
            if (!File.Exists(reference))
                return null;
            commit = File.ReadAllText(reference).Trim();
        }

        string snapshot = SnapshotPath(commit);
        return IsCommitName(commit) && File.Exists(Path.Combine(snapshot, "config.json")) && Directory.EnumerateFiles(snapshot, "*.safetensors").Any()
            ? snapshot
            : null;
    }

    public bool HasBlob(HubFile file) => new FileInfo(BlobPath(file)) is { Exists: true } blob && blob.Length == file.Size;

    public string BlobPath(HubFile file) => Path.Combine(_folder, "blobs", file.Hash);

    public string PartPath(HubFile file) => BlobPath(file) + ".incomplete";

    public void Prepare() => Directory.CreateDirectory(Path.Combine(_folder, "blobs"));

    /// <summary>Links the blobs under the commit, then points the branch to it.</summary>
    public string Complete(string commit, IEnumerable<HubFile> files)
    {
        string snapshot = SnapshotPath(commit);
        Directory.CreateDirectory(snapshot);
        foreach (HubFile file in files)
            Link(Path.Combine(snapshot, file.Name), file);
        if (!id.IsCommit)
        {
            string reference = RefPath();
            Directory.CreateDirectory(Path.GetDirectoryName(reference)!);
            File.WriteAllText(reference + ".new", commit);
            File.Move(reference + ".new", reference, overwrite: true);
        }

        return snapshot;
    }

    public static bool IsCommitName(string commit) => commit.Length == 40 && commit.All(char.IsAsciiHexDigitLower);

    private string RefPath() => Path.Combine(_folder, "refs", id.Revision);

    private string SnapshotPath(string commit) => Path.Combine(_folder, "snapshots", commit);

    private void Link(string place, HubFile file)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(place)!);
        string fresh = place + ".new";
        File.Delete(fresh);
        try
        {
            File.CreateSymbolicLink(fresh, Path.Combine([.. Enumerable.Repeat("..", 2 + file.Name.Count(c => c == '/')), "blobs", file.Hash]));
        }
        catch (Exception failure) when (failure is UnauthorizedAccessException or IOException && OperatingSystem.IsWindows())
        {
            // Windows gives links to administrators only; the reference library copies there too.
            File.Copy(BlobPath(file), fresh);
        }

        File.Move(fresh, place, overwrite: true);
    }
}
