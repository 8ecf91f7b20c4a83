namespace Seriatim.Cluster;

/// <summary>How a replica of a model is.</summary>
[GenerateSerializer]
[Immutable]
internal sealed record ModelReport
{
    /// <summary>Pages that a report tells of: 8 KB of halves of hashes.</summary>
    public const int MostPages = 2048;

    /// <summary>The model's name.</summary>
    [Id(0)]
    public string Name { get; init; } = "";

    /// <summary>What it gives equal answers by; null: it is not open, and opened when it is asked for.</summary>
    [Id(1)]
    public string? Fingerprint { get; init; }

    /// <summary>Requests that run.</summary>
    [Id(2)]
    public int Running { get; init; }

    /// <summary>Requests that wait.</summary>
    [Id(3)]
    public int Waiting { get; init; }

    /// <summary>How many may wait.</summary>
    [Id(4)]
    public int MostWaiting { get; init; }

    /// <summary>Pages of its memory.</summary>
    [Id(5)]
    public int Pages { get; init; }

    /// <summary>Pages that sequences or the prefix cache hold.</summary>
    [Id(6)]
    public int PagesInUse { get; init; }

    /// <summary>
    /// Halves of hashes of pages that requests can go on from; null: not told with this report, what was told before holds.
    /// </summary>
    [Id(7)]
    public uint[]? CachedPages { get; init; }
}
