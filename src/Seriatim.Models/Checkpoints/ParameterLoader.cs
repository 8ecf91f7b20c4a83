using System.Buffers;

namespace Seriatim.Models;

/// <summary>Copies file tensors into parameters, many rows at a time.</summary>
internal static class ParameterLoader
{
    private const int Block = Parameter.PanelRows;

    public static void Load(Parameter parameter, ParameterRequest request, SafetensorsEntry entry)
    {
        if (request.IsVector)
        {
            float[] file = entry.File.ReadF32(entry);
            float[] values = new float[parameter.Columns];
            for (int i = 0; i < values.Length; i++)
                values[i] = file[request.Place.FileRow(i)];
            parameter.WriteRow(0, values);
        }
        else if (request.Place.Transposed)
        {
            LoadTransposed(parameter, request.Place, entry);
        }
        else
        {
            int blocks = (parameter.Rows + Block - 1) / Block;
            Parallel.For(0, blocks, block => LoadRows(parameter, request.Place, entry, block * Block));
        }
    }

    /// <summary>Up to 32 rows from <paramref name="first"/> on: one panel.</summary>
    private static void LoadRows(Parameter parameter, TensorPlace place, SafetensorsEntry entry, int first)
    {
        int rows = Math.Min(Block, parameter.Rows - first);
        int columns = parameter.Columns;
        float[] buffer = ArrayPool<float>.Shared.Rent(checked(rows * columns));
        for (int row = 0; row < rows; row++)
            entry.File.ReadF32(entry, (long)place.FileRow(first + row) * columns, buffer.AsSpan(row * columns, columns));
        Write(parameter, first, rows, buffer);
        ArrayPool<float>.Shared.Return(buffer);
    }

    private static void LoadTransposed(Parameter parameter, TensorPlace place, SafetensorsEntry entry)
    {
        float[] file = entry.File.ReadF32(entry);
        int columns = parameter.Columns;
        int fileRows = place.Rows?.Total ?? parameter.Rows;
        float[] buffer = new float[checked(Block * columns)];
        for (int first = 0; first < parameter.Rows; first += Block)
        {
            int rows = Math.Min(Block, parameter.Rows - first);
            for (int column = 0; column < columns; column++)
            {
                for (int row = 0; row < rows; row++)
                    buffer[row * columns + column] = file[(long)column * fileRows + place.FileRow(first + row)];
            }

            Write(parameter, first, rows, buffer);
        }
    }

    /// <summary>Row-major values into rows of a parameter; F32 panels are interleaved here, everything else row by row.</summary>
    private static void Write(Parameter parameter, int first, int rows, float[] values)
    {
        int columns = parameter.Columns;
        if (parameter.Layout != ParameterLayout.Panels || parameter.Data.Type != DataType.F32)
        {
            for (int row = 0; row < rows; row++)
                parameter.WriteRow(first + row, values.AsSpan(row * columns, columns));
            return;
        }

        Span<float> panel = parameter.Data.Row(first / Block);
        for (int start = 0; start < columns; start += Block)
        {
            int end = Math.Min(columns, start + Block);
            for (int row = 0; row < rows; row++)
            {
                ReadOnlySpan<float> source = values.AsSpan(row * columns, columns);
                for (int column = start; column < end; column++)
                    panel[column * Block + row] = source[column];
            }
        }
    }
}
