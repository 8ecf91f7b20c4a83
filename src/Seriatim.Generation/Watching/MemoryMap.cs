namespace Seriatim.Generation;

/// <summary>
/// The units of one kind of memory by who holds them: one letter for each unit, or for a few neighbours, of which it is what most
/// of them are.
/// </summary>
/// <param name="Gauge">The numbers.</param>
/// <param name="Reached">Units that have ever been used: those behind them are free, and no letter stands for them.</param>
/// <param name="PerCell">Units of a letter.</param>
/// <param name="Cells">
/// <c>.</c> nobody; <c>c</c> the prefix cache alone; <c>s</c> several sequences; <c>0</c> to <c>7</c> one sequence, of a request
/// whose number has this remainder of eight; <c>x</c> somebody else: drafts, marks.
/// </param>
internal sealed record MemoryMap(MemoryGauge Gauge, int Reached, int PerCell, string Cells);
