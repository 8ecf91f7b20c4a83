namespace Seriatim.Models;

/// <summary>A tensor that was written.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Type">How it is stored.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="RelativeError">Root mean square of the error over that of the values.</param>
public sealed record GgufTensorReport(string Name, IReadOnlyList<long> Shape, GgmlType Type, long Bytes, double RelativeError);
