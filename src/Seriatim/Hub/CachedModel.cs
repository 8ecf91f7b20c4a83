namespace Seriatim;

/// <summary>A model in the cache of the hub.</summary>
/// <param name="Id">Its id, <c>owner/name</c>.</param>
/// <param name="Folder">Its folder in the cache, with all revisions in it.</param>
/// <param name="Snapshot">
/// The newest complete revision, to open it by: its folder, or its GGUF file; null: none is complete.
/// </param>
/// <param name="Bytes">What all of it takes on the disk.</param>
public sealed record CachedModel(string Id, string Folder, string? Snapshot, long Bytes);
