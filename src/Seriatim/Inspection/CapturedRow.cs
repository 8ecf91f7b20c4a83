namespace Seriatim.Inspection;

/// <summary>Values of one row.</summary>
/// <param name="Place">Where.</param>
/// <param name="Kind">What they are.</param>
/// <param name="Position">Position of the row in its text.</param>
/// <param name="Head">The head they belong to; null: to none.</param>
/// <param name="Values">The values.</param>
public sealed record CapturedRow(CapturePlace Place, CaptureKinds Kind, int Position, int? Head, float[] Values);
