namespace Seriatim.Cluster;

/// <summary>A replica that may run a request.</summary>
/// <param name="Silo">Name of its silo.</param>
/// <param name="Load">Requests that run and wait there.</param>
/// <param name="CachedPages">Pages of the request's prompt that it need not compute.</param>
/// <param name="IsHere">Whether it is the door's own silo.</param>
internal readonly record struct Candidate(string Silo, int Load, int CachedPages, bool IsHere = false);
