namespace Seriatim.Simulation;

/// <summary>Something that happens at a time.</summary>
/// <param name="Kind">What.</param>
/// <param name="Number">Of the request, replica or door.</param>
/// <param name="Incarnation">Which life of the replica.</param>
/// <param name="Subject">The run or stream.</param>
internal readonly record struct SimulatedEvent(EventKind Kind, int Number = 0, int Incarnation = 0, object? Subject = null);
