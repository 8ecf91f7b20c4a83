namespace Seriatim.Training;

/// <summary>
/// Files hold values row by row, whatever the layout of a parameter in memory, so that a checkpoint outlives a change of it.
/// </summary>
internal static class RowOrder
{
    public static float[] ToRows(Parameter parameter, ReadOnlySpan<float> memory)
    {
        float[] rows = new float[Length(parameter)];
        for (int row = 0; row < parameter.Rows; row++)
        {
            for (int column = 0; column < parameter.Columns; column++)
                rows[row * parameter.Columns + column] = memory[Offset(parameter, row, column)];
        }

        return rows;
    }

    public static void FromRows(Parameter parameter, ReadOnlySpan<float> rows, Span<float> memory)
    {
        for (int row = 0; row < parameter.Rows; row++)
        {
            for (int column = 0; column < parameter.Columns; column++)
                memory[Offset(parameter, row, column)] = rows[row * parameter.Columns + column];
        }
    }

    /// <summary>Elements of a parameter, which a file's writer gets as one array.</summary>
    /// <exception cref="OverflowException">They are too many for an array.</exception>
    public static int Length(Parameter parameter)
    {
        long length = (long)parameter.Rows * parameter.Columns;
        return length <= Array.MaxLength ? (int)length
            : throw new OverflowException(
                $"{parameter} has {length} elements; what an optimizer keeps of a parameter can be written for at most "
                    + $"{Array.MaxLength}.");
    }

    public static int Offset(Parameter parameter, int row, int column) => parameter.Layout == ParameterLayout.RowMajor
        ? row * parameter.Columns + column
        : (row / Parameter.PanelRows * parameter.Columns + column) * Parameter.PanelRows + row % Parameter.PanelRows;
}
