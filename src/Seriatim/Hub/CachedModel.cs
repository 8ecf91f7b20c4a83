namespace Seriatim;

/// <summary>A model in the cache of the hub.</summary>
public sealed record CachedModel
{
    /// <summary>Its id, <c>owner/name</c>.</summary>
    public required string Id { get; init; }

    /// <summary>Its folder in the cache, with all revisions in it.</summary>
    public required string Folder { get; init; }

    /// <summary>The newest complete revision, to open it by: its folder, or its GGUF file; null: none is complete.</summary>
    public string? Snapshot { get; init; }

    /// <summary>What all of it takes on the disk.</summary>
    public required long Bytes { get; init; }
}
