namespace Seriatim;

/// <summary>A file of a model as the hub describes it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Size">Its bytes.</param>
/// <param name="Hash">SHA-256 of large files (LFS), else the SHA-1 that git gives it; the name of its blob in the cache.</param>
internal sealed record HubFile(string Name, long Size, string Hash)
{
    public bool IsLarge => Hash.Length == 64;
}
