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
        if (parameter.Data.Type != DataType.F32 && entry.Type.ToDataType() == parameter.Data.Type && entry.IsAligned)
        {
            LoadPatterns(parameter, place, entry, first, rows);
            return;
        }

        float[] buffer = ArrayPool<float>.Shared.Rent(checked(rows * columns));
        for (int row = 0; row < rows; row++)
            entry.File.ReadF32(entry, (long)place.FileRow(first + row) * columns, buffer.AsSpan(row * columns, columns));
        parameter.WriteRows(first, buffer.AsSpan(0, rows * columns));
        ArrayPool<float>.Shared.Return(buffer);
    }

    /// <summary>The same of a tensor that is stored as it is kept: rows that follow each other in the file go at once.</summary>
    private static void LoadPatterns(Parameter parameter, TensorPlace place, SafetensorsEntry entry, int first, int rows)
    {
        int columns = parameter.Columns;
        for (int done = 0; done < rows;)
        {
            int file = place.FileRow(first + done), count = 1;
            while (done + count < rows && place.FileRow(first + done + count) == file + count)
                count++;
            parameter.WriteRows(first + done, Patterns(entry, (long)file * columns, checked(count * columns)));
            done += count;
        }
    }

    private static unsafe ReadOnlySpan<ushort> Patterns(SafetensorsEntry entry, long first, int count) =>
        new((ushort*)entry.File.Pointer(entry) + first, count);

    private static void LoadTransposed(Parameter parameter, TensorPlace place, SafetensorsEntry entry)
    {
        int columns = parameter.Columns;
        int fileRows = place.Rows?.Total ?? parameter.Rows;
        int outputs = place.Slices > 0 ? place.SliceRows : fileRows;
        long start = (long)(place.FileRow(0) / outputs) * outputs * Math.Max(columns, place.SliceInputs);
        float[] file = new float[checked(outputs * columns)];
        entry.File.ReadF32(entry, start, file);
        float[] buffer = new float[checked(Block * columns)];
        for (int first = 0; first < parameter.Rows; first += Block)
        {
            int rows = Math.Min(Block, parameter.Rows - first);
            for (int column = 0; column < columns; column++)
            {
                for (int row = 0; row < rows; row++)
                    buffer[row * columns + column] = file[place.Offset(first + row, column, columns, fileRows) - start];
            }

            parameter.WriteRows(first, buffer.AsSpan(0, rows * columns));
        }
    }
}
