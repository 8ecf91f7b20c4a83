namespace Seriatim.Tensors;

/// <summary>A linear weight that holds its elements as they are, in panels of 32 outputs.</summary>
internal sealed class DenseWeight : LinearWeight
{
    public DenseWeight(Parameter matrix, Parameter? bias)
        : base(matrix.Name, matrix.Rows, matrix.Columns, bias)
    {
        if (matrix.Layout != ParameterLayout.Panels)
            throw new ArgumentException($"{matrix} lies in {matrix.Layout}; a linear weight needs {ParameterLayout.Panels}.", nameof(matrix));
        Matrix = matrix;
    }

    public override Parameter Matrix { get; }

    public override long Bytes => Matrix.Data.Bytes + (Bias?.Data.Bytes ?? 0);

    public int Panels => Matrix.Data.Rows;

    /// <summary>Whether a backward pass has to set all of the matrix's gradient instead of adding to it: <see cref="Parameter.SetsGradient"/>.</summary>
    public bool SetsGradient() => Matrix.Trainable && Matrix.SetsGradient();

    public override void ReadRow(int output, Span<float> row) => Matrix.ReadRow(output, row);

    public override void Dispose()
    {
        Matrix.Dispose();
        Bias?.Dispose();
    }
}
