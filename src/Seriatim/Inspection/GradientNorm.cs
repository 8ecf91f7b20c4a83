namespace Seriatim.Inspection;

/// <summary>The gradient of one matrix or vector.</summary>
/// <param name="Path">Where it is in the model, e.g. <c>layers.3.attention.q</c>.</param>
/// <param name="Rows">Rows.</param>
/// <param name="Columns">Columns.</param>
/// <param name="Norm">Root of the sum of its squares.</param>
public readonly record struct GradientNorm(string Path, int Rows, int Columns, double Norm);
