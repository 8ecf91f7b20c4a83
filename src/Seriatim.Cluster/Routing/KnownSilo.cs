namespace Seriatim.Cluster;

/// <summary>What a door knows of a silo.</summary>
/// <param name="name">Its name.</param>
/// <param name="replica">By which it is asked.</param>
/// <param name="isHere">Whether it is the door's own.</param>
internal sealed class KnownSilo(string name, IReplica replica, bool isHere)
{
    public string Name => name;

    public IReplica Replica => replica;

    public bool IsHere => isHere;

    /// <summary>Whether the membership has it among the living.</summary>
    public bool IsMember { get; set; } = true;

    /// <summary>Whether it has said nothing when it was asked, and nothing since.</summary>
    public bool IsSilent { get; set; }

    /// <summary>Whether it takes nothing new, because it is about to stop.</summary>
    public bool IsDraining { get; set; }

    /// <summary>Its version; "": it has not told.</summary>
    public string Version { get; set; } = "";

    /// <summary>Its models by name.</summary>
    public Dictionary<string, KnownReplica> Models { get; } = new(StringComparer.Ordinal);
}
