namespace Seriatim.Tensors;

/// <summary>
/// A linear weight in quantised blocks. Products quantise their rows too (<see cref="QuantizedRows"/>) and multiply integers;
/// reading a row gives the exact values of the blocks, and so does the gradient of the input, which is that of a dense weight of
/// these values, bit for bit. The blocks themselves are frozen.
/// </summary>
internal sealed unsafe class QuantizedWeight : LinearWeight
{
    public QuantizedWeight(QuantizedMatrix matrix, Parameter? bias)
        : base(matrix.Name, matrix.Rows, matrix.Columns, bias) => Quantized = matrix;

    public QuantizedMatrix Quantized { get; }

    public override long Bytes => Quantized.Bytes + (Bias?.Data.Bytes ?? 0);

    public override IEnumerable<Parameter> Parameters => Bias is { } bias ? [bias] : [];

    public override LinearWeight WithBias(Parameter? bias) => new QuantizedWeight(Quantized, bias) { Part = Part };

    public override void ReadRow(int output, Span<float> row) => Quantized.ReadRow(output, row);

    internal override Parameter? CopyRows() => null;

    internal override LinearWeight TakeOutputs(ReadOnlySpan<int> outputs, Parameter? rows) =>
        new QuantizedWeight(Quantized.TakeRows(outputs), TakeBias(outputs)) { Part = Part };

    internal override void Multiply<T>(LinearRows<T> x, int firstOutput, int outputs, float* y, nint yStride) =>
        x.Later(new QuantizedProduct.Part
        {
            Weight = this,
            FirstPanel = firstOutput / PanelChunk.Outputs,
            Panels = (outputs + PanelChunk.Outputs - 1) / PanelChunk.Outputs,
            Y = y,
            YStride = yStride,
        });

    internal override void BackwardInput<T>(LinearRows<T> dy, int firstOutput, float* dx, bool accumulate) =>
        OpenedRows.BackwardInput(this, dy, firstOutput, dx, accumulate);

    internal override void BackwardWeight<T>(LinearRows<T> x, LinearRows<T> dy, int firstOutput, ref bool? sets)
    {
        if (Bias is not { Trainable: true } bias)
            return;
        Span<float> gradient = bias.GradientOrZeros().Span.Slice(firstOutput, dy.X.Columns);
        for (int n = 0; n < dy.X.Rows; n++)
        {
            ReadOnlySpan<float> row = dy.X.Row(n);
            for (int o = 0; o < row.Length; o++)
                gradient[o] += row[o];
        }
    }

    public override void Dispose()
    {
        Quantized.Dispose();
        Bias?.Dispose();
    }
}
