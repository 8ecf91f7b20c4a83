namespace Seriatim.Generation;

/// <summary>How many pages a sequence can come to hold: all of its positions, or what a window and a step need.</summary>
/// <param name="PageSize">Positions in a page.</param>
/// <param name="Reach">What the layers see at most; null: everything.</param>
/// <param name="MostRows">Most rows of a step.</param>
internal readonly record struct SequencePages(int PageSize, AttentionWindow? Reach, int MostRows)
{
    /// <summary>Pages a sequence of a length holds at most, until it has got there and while it takes a step there.</summary>
    public long Most(int length)
    {
        long all = Of(length);
        return Reach is { } reach ? Math.Min(all, Of(reach.Sinks) + Of((long)reach.Size + MostRows) + 2) : all;
    }

    /// <summary>Whether a page of a sequence of a length is in sight of the next row.</summary>
    public bool Sees(int page, int length) =>
        Reach is not { } reach || page < Of(reach.Sinks) || ((long)page + 1) * PageSize > (long)length - reach.Size + 1;

    private long Of(long positions) => (positions + PageSize - 1) / PageSize;
}
