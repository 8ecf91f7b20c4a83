namespace Seriatim.Lab;

/// <summary>One pass that went through a <see cref="CountedModel"/>.</summary>
/// <param name="Rows">Rows of each sequence of the pass.</param>
/// <param name="Pasts">What each remembered before it.</param>
/// <param name="Units">Pages and states that were taken when it ran, of all kinds.</param>
internal sealed record CountedPass(int[] Rows, int[] Pasts, int Units)
{
    /// <summary>Rows of all sequences.</summary>
    public int AllRows => Rows.Sum();
}
