namespace Seriatim.Tensors;

/// <summary>A state that is to be kept.</summary>
/// <param name="Row">The row within its segment after which the state is kept.</param>
/// <param name="Slot">Where.</param>
public readonly record struct KeptState(int Row, int Slot);

/// <summary>One sequence's part of a recurrence: consecutive rows, the state they begin with, and what is kept of them.</summary>
/// <param name="FirstRow">First row of the operands.</param>
/// <param name="Rows">Number of rows.</param>
/// <param name="Source">The slot that holds the state before the first row; -1: the sequence begins here, with zeros.</param>
/// <param name="Kept">States to keep, by ascending rows. Their slots are nobody's source in the same call.</param>
/// <param name="Parents">
/// Of a tree: for each row the row (within the segment, smaller than its own) whose state it continues, or -1 for the source.
/// Null: each row continues the one before.
/// </param>
public sealed record RecurrenceSegment(
    int FirstRow, int Rows, int Source, IReadOnlyList<KeptState> Kept, IReadOnlyList<int>? Parents = null);

/// <summary>The segments of a recurrence; made once per forward pass and shared by all layers of one stack.</summary>
/// <param name="Segments">Every row belongs to exactly one segment, in order.</param>
/// <param name="Storage">Where the slots are; null if no segment has any.</param>
public sealed record RecurrenceRows(IReadOnlyList<RecurrenceSegment> Segments, StateStorage? Storage)
{
    private ScanWaves? _waves;

    /// <summary>The rows by their depth, for recurrences that take the rows of all sequences together.</summary>
    internal ScanWaves Waves => _waves ??= new ScanWaves(Segments);
}
