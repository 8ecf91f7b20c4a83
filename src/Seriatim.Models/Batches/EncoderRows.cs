namespace Seriatim.Models;

/// <summary>Which rows of the encoder's output a decoder segment attends to.</summary>
/// <param name="FirstRow">First row of the encoder's output that is handed to the forward pass.</param>
/// <param name="Rows">Number of rows.</param>
public readonly record struct EncoderRows(int FirstRow, int Rows);
