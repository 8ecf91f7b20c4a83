namespace Seriatim.Tensors;

/// <summary>Consecutive rows that are one sequence.</summary>
/// <param name="FirstRow">First row.</param>
/// <param name="Rows">Number of rows.</param>
public readonly record struct SequenceRows(int FirstRow, int Rows);
