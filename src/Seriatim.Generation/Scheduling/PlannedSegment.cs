namespace Seriatim.Generation;

/// <summary>Rows of one sequence in a step.</summary>
/// <param name="Group">Its request.</param>
/// <param name="Wish">The wish that it fulfils, perhaps in part.</param>
/// <param name="First">Its first pending position.</param>
/// <param name="Rows">Rows of its own tokens.</param>
/// <param name="Drafts">Rows of drafted tokens after them.</param>
/// <param name="Outputs">Which rows' logits are wanted.</param>
/// <param name="Units">Units of memory set aside for it.</param>
/// <param name="Points">After which rows its memory may be committed or shared.</param>
internal readonly record struct PlannedSegment(
    SequenceGroup Group, Wish Wish, int First, int Rows, int Drafts, Outputs Outputs, MemoryUnits Units, CommitPoints Points)
{
    public Sequence Sequence => Wish.Sequence;

    public int AllRows => Rows + Drafts;

    /// <summary>Whether it has the last of the rows that were wished, drafts apart.</summary>
    public bool IsEnd => Wish.IsSource || First + Rows == Sequence.Tokens.Count;
}
