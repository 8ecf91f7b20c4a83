namespace Seriatim.Inspection;

/// <summary>What the model would say if a layer were its last one.</summary>
public sealed record CapturedLens
{
    internal CapturedLens(CapturePlace place, int position, IReadOnlyList<ScoredToken> best) =>
        (Place, Position, Best) = (place, position, best);

    /// <summary>The layer; -1: the embedding.</summary>
    public CapturePlace Place { get; }

    /// <summary>Position of the row.</summary>
    public int Position { get; }

    /// <summary>The best tokens, best first.</summary>
    public IReadOnlyList<ScoredToken> Best { get; }
}
