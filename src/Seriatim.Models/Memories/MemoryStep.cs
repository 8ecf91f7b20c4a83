namespace Seriatim.Models;

/// <summary>What a step is going to write into the memory of a sequence.</summary>
/// <param name="Rows">Rows of the sequence.</param>
/// <param name="EncoderRows">Rows of the encoder's output whose keys and values are made in this step; 0: none.</param>
/// <param name="Points">After which rows it may be committed or shared.</param>
public readonly record struct MemoryStep(int Rows, int EncoderRows = 0, CommitPoints Points = CommitPoints.End);
