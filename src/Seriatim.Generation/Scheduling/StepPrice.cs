namespace Seriatim.Generation;

/// <summary>
/// What a step takes: <c>step + row · rows + output · outputs + position · positions</c> seconds, fitted to steps that were
/// measured.
/// </summary>
/// <param name="Step">Seconds of a step, whatever it computes: reading the weights, scheduling.</param>
/// <param name="Row">Seconds of a row.</param>
/// <param name="Output">Seconds of a row whose logits are wanted, beside those of the row: projecting, choosing.</param>
/// <param name="Position">Seconds of a position that a row sees.</param>
internal readonly record struct StepPrice(double Step, double Row, double Output, double Position)
{
    /// <summary>Seconds of a step.</summary>
    public double Seconds(StepWork work) => Step + Row * work.Rows + Output * work.Outputs + Position * work.Positions;
}
