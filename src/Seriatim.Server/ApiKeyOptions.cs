namespace Seriatim.Server;

/// <summary>A key that clients show (<c>Authorization: Bearer ...</c>), and what it allows.</summary>
public sealed record ApiKeyOptions
{
    /// <summary>The secret.</summary>
    public required string Key { get; init; }

    /// <summary>What logs and metrics call it; null: its number.</summary>
    public string? Name { get; init; }

    /// <summary>Added to the priority of its requests: higher ones go first.</summary>
    public int Priority { get; init; }

    /// <summary>What it may use; null: as the server says.</summary>
    public ClientLimits? Limits { get; init; }
}
