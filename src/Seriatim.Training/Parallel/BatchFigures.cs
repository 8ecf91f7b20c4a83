using System.Runtime.InteropServices;

namespace Seriatim.Training;

/// <summary>What one batch of a step gave.</summary>
/// <param name="Loss">Summed over its labels, in nats.</param>
/// <param name="Labels">Its labels.</param>
/// <param name="Rows">Its rows.</param>
/// <param name="Flops">Operations of its pass; 0 if they are not counted.</param>
/// <param name="Correct">Labels that were the most likely id, if somebody counts.</param>
internal readonly record struct BatchFigures(double Loss, long Labels, long Rows, double Flops, long Correct)
{
    /// <summary>Gives the figures of all batches to all ranks.</summary>
    /// <param name="group">The ranks; batch j was computed by rank <c>j mod P</c>.</param>
    /// <param name="batches">All batches; those of this rank are filled in.</param>
    public static void Exchange(ProcessGroup group, BatchFigures[] batches)
    {
        if (group.Size == 1)
            return;
        byte[][] all = group.Gather(MemoryMarshal.AsBytes(batches.AsSpan()));
        for (int i = 0; i < batches.Length; i++)
            batches[i] = MemoryMarshal.Cast<byte, BatchFigures>(all[i % group.Size])[i];
    }
}
