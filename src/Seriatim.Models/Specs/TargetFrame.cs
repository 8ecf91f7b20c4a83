namespace Seriatim.Models;

/// <summary>What every target of a model begins and ends with; these ids are never masked, and count in its length.</summary>
/// <param name="Begin">First id.</param>
/// <param name="End">Last id.</param>
public sealed record TargetFrame(int Begin, int End)
{
    /// <summary>The ids with the frame around them, where they do not have it already.</summary>
    /// <param name="ids">A target.</param>
    public int[] Around(ReadOnlySpan<int> ids)
    {
        bool begins = ids.Length > 0 && ids[0] == Begin, ends = ids.Length > (begins ? 1 : 0) && ids[^1] == End;
        return [.. begins ? (ReadOnlySpan<int>)[] : [Begin], .. ids, .. ends ? (ReadOnlySpan<int>)[] : [End]];
    }
}
