namespace Seriatim.Generation;

/// <summary>How full the memory of one kind of layers is.</summary>
public sealed record MemoryGauge
{
    /// <summary>What its units are: pages, pages of cross-attention, states.</summary>
    public required string Name { get; init; }

    /// <summary>Units of the pool.</summary>
    public required int Units { get; init; }

    /// <summary>Bytes of one.</summary>
    public required long UnitBytes { get; init; }

    /// <summary>Units that running sequences hold.</summary>
    public required int Used { get; init; }

    /// <summary>Of these, units that more than one sequence holds.</summary>
    public int Shared { get; init; }

    /// <summary>Units that only the prefix cache holds: given up when room is needed.</summary>
    public int Cached { get; init; }
}
