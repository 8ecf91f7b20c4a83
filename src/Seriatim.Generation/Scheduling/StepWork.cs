namespace Seriatim.Generation;

/// <summary>What a step computes, in the numbers that its time follows from.</summary>
/// <param name="Rows">Rows of tokens.</param>
/// <param name="Outputs">Of these, rows whose logits are wanted.</param>
/// <param name="Positions">Positions that the rows see, all of them together: what attention reads.</param>
internal readonly record struct StepWork(int Rows, int Outputs, long Positions)
{
    /// <summary>The work of a plan, before it is committed: afterwards its sequences are longer.</summary>
    public static StepWork Of(StepPlan plan)
    {
        (int rows, int outputs, long positions) = (0, 0, 0L);
        foreach (PlannedSegment segment in plan.Segments)
        {
            int own = segment.AllRows;
            rows += own;
            outputs += segment.Outputs switch { Models.Outputs.None => 0, Models.Outputs.All => own, _ => 1 };
            positions += (long)own * segment.First + (long)own * (own + 1) / 2;
        }

        return new StepWork(rows, outputs, positions);
    }
}
