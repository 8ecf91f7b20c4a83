namespace Seriatim.Tensors;

/// <summary>A linear weight that holds its elements as they are, in panels of 32 outputs.</summary>
internal sealed unsafe class DenseWeight : LinearWeight
{
    public DenseWeight(Parameter matrix, Parameter? bias)
        : base(matrix.Name, matrix.Rows, matrix.Columns, bias)
    {
        if (matrix.Layout != ParameterLayout.Panels)
        {
            throw new ArgumentException($"{matrix} lies in {matrix.Layout}; a linear weight needs {ParameterLayout.Panels}.",
                nameof(matrix));
        }
        Matrix = matrix;
    }

    public Parameter Matrix { get; }

    public override long Bytes => Matrix.Data.Bytes + (Bias?.Data.Bytes ?? 0);

    public override IEnumerable<Parameter> Parameters => Bias is { } bias ? [Matrix, bias] : [Matrix];

    public int Panels => Matrix.Data.Rows;

    public override LinearWeight WithBias(Parameter? bias) => new DenseWeight(Matrix, bias) { Part = Part };

    public override void ReadRow(int output, Span<float> row) => Matrix.ReadRow(output, row);

    internal override Parameter? CopyRows()
    {
        var rows = new Parameter(Matrix.Device, Name, Outputs, Inputs, ParameterLayout.RowMajor, Matrix.Data.Type)
        {
            Trainable = false,
        };
        CopyRows(Matrix, Outputs, static row => row, rows);
        return rows;
    }

    internal override LinearWeight TakeOutputs(ReadOnlySpan<int> outputs, Parameter? rows)
    {
        var taken = new Parameter(Matrix.Device, Name, outputs.Length, Inputs, ParameterLayout.Panels, Matrix.Data.Type)
        {
            Trainable = false,
        };
        int[] numbers = outputs.ToArray();
        CopyRows(rows!, numbers.Length, row => numbers[row], taken);
        return new DenseWeight(taken, TakeBias(outputs)) { Part = Part };
    }

    /// <summary>Copies rows eight at a time, as panels are written fastest.</summary>
    private static void CopyRows(Parameter from, int count, Func<int, int> rowOf, Parameter to)
    {
        const int Block = 8;
        float[] rows = new float[Block * from.Columns];
        for (int first = 0; first < count; first += Block)
        {
            int some = Math.Min(Block, count - first);
            for (int i = 0; i < some; i++)
                from.ReadRow(rowOf(first + i), rows.AsSpan(i * from.Columns, from.Columns));
            to.WriteRows(first, rows.AsSpan(0, some * from.Columns));
        }
    }

    internal override void Multiply<T>(LinearRows<T> x, int firstOutput, int outputs, float* y, nint yStride)
    {
        int panels = (outputs + Parameter.PanelRows - 1) / Parameter.PanelRows;
        DenseProduct<T>.Forward(x.Team, x.Packed, x.X.Rows, this, firstOutput / Parameter.PanelRows, panels, y, yStride);
    }

    internal override void BackwardInput<T>(LinearRows<T> dy, int firstOutput, float* dx, bool accumulate) =>
        DenseProduct<T>.BackwardInput(dy.Team, dy.Packed, dy.X.Rows, this, firstOutput / Parameter.PanelRows, dy.X.Columns,
            dx, accumulate);

    internal override void BackwardWeight<T>(LinearRows<T> x, LinearRows<T> dy, int firstOutput, ref bool? sets)
    {
        bool matrix = Matrix.Trainable;
        if (x.X.Rows == 0 || (!matrix && Bias is not { Trainable: true }))
            return;
        sets ??= matrix && Matrix.SetsGradient();
        DenseProduct<T>.BackwardWeight(x.Team, x.PackedColumns, x.X.Rows, this, firstOutput / Parameter.PanelRows, dy.X.Columns,
            dy.X.Floats, dy.X.Columns, sets.Value);
    }

    internal override void AddGradient(int output, ReadOnlySpan<double> gradient, double bias)
    {
        base.AddGradient(output, gradient, bias);
        AddGradientRow(Matrix, output, gradient);
    }

    internal static void AddGradientRow(Parameter matrix, int row, ReadOnlySpan<double> gradient)
    {
        if (!matrix.Trainable)
            return;
        float[] rounded = new float[gradient.Length];
        for (int k = 0; k < rounded.Length; k++)
            rounded[k] = (float)gradient[k];
        matrix.AddGradientRow(row, rounded);
    }

    public override void Dispose()
    {
        Matrix.Dispose();
        Bias?.Dispose();
    }
}
