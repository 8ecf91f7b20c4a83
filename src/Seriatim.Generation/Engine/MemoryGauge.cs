namespace Seriatim.Generation;

/// <summary>How full the memory of one kind of layers is.</summary>
/// <param name="Name">What its units are: pages, pages of cross-attention, states.</param>
/// <param name="Units">Units of the pool.</param>
/// <param name="UnitBytes">Bytes of one.</param>
/// <param name="Used">Units that running sequences hold.</param>
/// <param name="Shared">Of these, units that more than one sequence holds.</param>
/// <param name="Cached">Units that only the prefix cache holds: given up when room is needed.</param>
public sealed record MemoryGauge(string Name, int Units, long UnitBytes, int Used, int Shared, int Cached);
