namespace Seriatim.Tensors;

/// <summary>
/// A linear weight in quantised blocks. Products quantise their rows too (<see cref="QuantizedRows"/>) and multiply integers; reading a
/// row gives the exact values of the blocks.
/// </summary>
internal sealed class QuantizedWeight : LinearWeight
{
    public QuantizedWeight(QuantizedMatrix matrix, Parameter? bias)
        : base(matrix.Name, matrix.Rows, matrix.Columns, bias) => Quantized = matrix;

    public override QuantizedMatrix Quantized { get; }

    public override Parameter? Matrix => null;

    public override long Bytes => Quantized.Bytes + (Bias?.Data.Bytes ?? 0);

    public override void ReadRow(int output, Span<float> row) => Quantized.ReadRow(output, row);

    public override void Dispose()
    {
        Quantized.Dispose();
        Bias?.Dispose();
    }
}
