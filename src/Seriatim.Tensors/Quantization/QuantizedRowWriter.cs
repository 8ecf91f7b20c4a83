namespace Seriatim.Tensors;

/// <summary>Fills the blocks of one row of a matrix.</summary>
/// <param name="row">The row.</param>
/// <param name="blocks">Where they go.</param>
public delegate void QuantizedRowWriter(int row, Span<byte> blocks);
