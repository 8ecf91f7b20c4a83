namespace Seriatim.Simulation;

/// <summary>A trace, a price or an option that cannot be simulated.</summary>
internal sealed class SimulationException(string message) : SeriatimException(message);
