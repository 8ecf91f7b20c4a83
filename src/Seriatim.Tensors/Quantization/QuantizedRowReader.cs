namespace Seriatim.Tensors;

/// <summary>Fills a row of a matrix with its values.</summary>
/// <param name="row">The row.</param>
/// <param name="values">Where the values go.</param>
public delegate void QuantizedRowReader(int row, Span<float> values);
