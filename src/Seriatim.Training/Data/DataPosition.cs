namespace Seriatim.Training;

/// <summary>Where training stands in the data.</summary>
/// <param name="Epoch">Number of the epoch, from 0.</param>
/// <param name="Batch">The next batch of that epoch, from 0.</param>
public readonly record struct DataPosition(long Epoch, int Batch);
