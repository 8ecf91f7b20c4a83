namespace Seriatim.Models;

/// <summary>A tensor as it stands in a checkpoint.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Values">Its elements, row-major.</param>
public sealed record ExportedTensor(string Name, IReadOnlyList<long> Shape, float[] Values);
