namespace Seriatim;

/// <summary>
/// The folder of one model in the layout of the Hugging Face cache: <c>blobs</c> by hash, <c>snapshots</c> of links to them by
/// commit, <c>refs</c> from branches to commits. A ref is written when its snapshot is complete.
/// </summary>
internal sealed class HubCache(string root, HubId id)
{
    private readonly string _folder = Path.Combine(root, $"models--{id.Owner}--{id.Name}");

    /// <summary>
    /// What opens the model, if the snapshot of the wanted revision holds all of it; else null and what is missing.
    /// </summary>
    /// <param name="problem">What is missing.</param>
    /// <param name="anyGguf">
    /// Take the GGUF file that is there, though no tag is given: the hub may have others, or
    /// safetensors, that would be taken before it.
    /// </param>
    public string? Find(out string problem, bool anyGguf = false)
    {
        problem = "";
        string commit = id.IsCommit ? id.Revision : File.Exists(RefPath()) ? File.ReadAllText(RefPath()).Trim() : "";
        string snapshot = SnapshotPath(commit);
        if (!IsCommitName(commit) || !Directory.Exists(snapshot))
            return null;
        ModelFiles? files = ModelFilePicker.PickIn(snapshot, id.Tag, out problem);
        if (files is { Main: not null } && id.Tag is null && !anyGguf)
            files = ModelFilePicker.PickIn(snapshot, ModelFiles.DefaultTag, out problem);
        if (files is not null)
            return files.PathIn(snapshot);
        problem = $"of {snapshot} a part is there: {problem}";
        return null;
    }

    public bool HasBlob(HubFile file) => new FileInfo(BlobPath(file)) is { Exists: true } blob && blob.Length == file.Size;

    public string BlobPath(HubFile file) => Path.Combine(_folder, "blobs", file.Hash);

    public string PartPath(HubFile file) => BlobPath(file) + ".incomplete";

    public void Prepare() => Directory.CreateDirectory(Path.Combine(_folder, "blobs"));

    /// <summary>Links the blobs under the commit, then points the branch to it.</summary>
    public string Complete(string commit, IEnumerable<HubFile> files)
    {
        string snapshot = SnapshotPath(commit);
        foreach (HubFile file in files)
        {
            string place = Path.Combine([snapshot, .. file.Name.Split('/')]);
            Directory.CreateDirectory(Path.GetDirectoryName(place)!);
            Link(place, file);
        }

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
            string up = string.Concat(Enumerable.Repeat("../", 2 + file.Name.Count(c => c == '/')));
            File.CreateSymbolicLink(fresh, $"{up}blobs/{file.Hash}");
        }
        catch (Exception failure) when (failure is UnauthorizedAccessException or IOException && OperatingSystem.IsWindows())
        {
            // Windows gives links to administrators only; the reference library copies there too.
            File.Copy(BlobPath(file), fresh);
        }

        File.Move(fresh, place, overwrite: true);
    }
}
