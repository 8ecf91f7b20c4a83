namespace Seriatim.Tensors;

/// <summary>
/// Products with the rows of a weight as <see cref="LinearWeight.ReadRow"/> gives them, opened some outputs at a time: the bits
/// of a dense weight of these values, and memory for a few rows.
/// </summary>
internal static unsafe class OpenedRows
{
    /// <summary>Outputs that are opened at a time.</summary>
    private const int Outputs = 8 * Parameter.PanelRows;

    /// <summary><c>y = x Wᵀ</c> for a run of outputs.</summary>
    public static void Multiply<T>(LinearWeight weight, LinearRows<T> x, int firstOutput, int outputs, float* y, nint yStride)
        where T : struct, ILanes<T>
    {
        using DenseWeight opened = Room(weight, outputs);
        for (int first = 0; first < outputs; first += Outputs)
        {
            int count = Open(weight, opened, firstOutput + first, outputs - first);
            opened.Multiply(x, 0, count, y + first, yStride);
        }
    }

    /// <summary><c>dx (+)= dy W</c> over a run of outputs, o in sequence.</summary>
    public static void BackwardInput<T>(LinearWeight weight, LinearRows<T> dy, int firstOutput, float* dx, bool accumulate)
        where T : struct, ILanes<T>
    {
        Tensor all = dy.X;
        using DenseWeight opened = Room(weight, all.Columns);
        for (int first = 0; first < all.Columns; first += Outputs)
        {
            int count = Open(weight, opened, firstOutput + first, all.Columns - first);
            using Tensor part = Tensor.Create(all.Rows, count);
            for (int n = 0; n < all.Rows; n++)
                all.Row(n).Slice(first, count).CopyTo(part.Row(n));
            using var rows = new LinearRows<T>(dy.Team, part);
            opened.BackwardInput(rows, 0, dx, accumulate || first > 0);
        }
    }

    private static DenseWeight Room(LinearWeight weight, int outputs) =>
        new(new Parameter(weight.Name, Math.Clamp(outputs, 1, Outputs), weight.Inputs, ParameterLayout.Panels)
        {
            Trainable = false,
        }, null);

    private static int Open(LinearWeight weight, DenseWeight opened, int firstOutput, int outputs)
    {
        float[] row = new float[weight.Inputs];
        int count = Math.Min(Outputs, outputs);
        for (int o = 0; o < count; o++)
        {
            weight.ReadRow(firstOutput + o, row);
            opened.Matrix.WriteRow(o, row);
        }

        return count;
    }
}
