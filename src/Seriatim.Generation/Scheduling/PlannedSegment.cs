namespace Seriatim.Generation;

/// <summary>Rows of one sequence in a step.</summary>
/// <param name="Group">Its request.</param>
/// <param name="Sequence">The sequence.</param>
/// <param name="First">Its first pending position.</param>
/// <param name="Rows">Rows of its own tokens.</param>
/// <param name="Drafts">Rows of drafted tokens after them.</param>
/// <param name="Outputs">Which rows' logits are wanted.</param>
/// <param name="Pages">Pages set aside for it.</param>
internal readonly record struct PlannedSegment(
    SequenceGroup Group, Sequence Sequence, int First, int Rows, int Drafts, Outputs Outputs, int Pages)
{
    public int AllRows => Rows + Drafts;
}
