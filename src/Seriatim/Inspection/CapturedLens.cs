namespace Seriatim.Inspection;

/// <summary>What the model would say if a layer were its last one.</summary>
/// <param name="Place">The layer; -1: the embedding.</param>
/// <param name="Position">Position of the row.</param>
/// <param name="Best">The best tokens, best first.</param>
public sealed record CapturedLens(CapturePlace Place, int Position, IReadOnlyList<ScoredToken> Best);
