namespace Seriatim.Cluster;

/// <summary>A durable request as it is stored.</summary>
internal sealed record KeptRecord
{
    /// <summary>What was asked.</summary>
    public string Path { get; init; } = "";

    /// <summary>The body, as it was sent.</summary>
    public byte[] Body { get; init; } = [];

    /// <summary>When it came, in seconds since 1970.</summary>
    public long Created { get; init; }

    /// <summary>Whose key asked.</summary>
    public string Owner { get; init; } = "";

    /// <summary>Whether it goes on without anybody who waits.</summary>
    public bool IsBackground { get; init; }

    /// <summary>What its model gives equal answers by.</summary>
    public string Fingerprint { get; init; } = "";

    /// <summary>Name of the silo whose door has it.</summary>
    public string Door { get; init; } = "";

    /// <summary>Whether its client has cancelled it.</summary>
    public bool IsCancelled { get; init; }

    /// <summary>Its prompts.</summary>
    public IReadOnlyList<KeptPrompt> Prompts { get; init; } = [];

    /// <summary>Whether nothing more comes.</summary>
    public bool IsOver => IsCancelled || (Prompts.Count > 0 && Prompts.All(prompt => prompt.Result.Length > 0));
}
