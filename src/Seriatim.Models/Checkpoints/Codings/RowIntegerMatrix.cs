namespace Seriatim.Models;

/// <summary>A matrix as bitsandbytes stores 8 bits: <c>weight</c> I8 and the largest value of each row in <c>SCB</c>.</summary>
internal sealed class RowIntegerMatrix(SafetensorsEntry codes, float[] largest) : CodedMatrix
{
    /// <summary>Reads the parts of a matrix.</summary>
    /// <param name="tensors">The checkpoint.</param>
    /// <param name="name">The name of the matrix.</param>
    /// <returns>Null if the checkpoint has no such matrix.</returns>
    public static RowIntegerMatrix? Find(CodedTensors tensors, string name)
    {
        if (tensors.Find(name) is not { Type: SafetensorsType.I8, Shape: [var rows, var columns] } codes)
            return null;
        string stem = name[..^".weight".Length];
        SafetensorsEntry largest = CodedTensors.RequireShape(tensors.Need($"{stem}.SCB", codes),
            $"{name} of [{rows}, {columns}]", rows);
        return new RowIntegerMatrix(codes, CodedTensors.ReadFloats(largest))
        {
            Name = name,
            Tensors = [name, largest.Name],
            Rows = (int)rows,
            Columns = (int)columns,
            InWords = "bitsandbytes, 8 bits, a scale a row",
        };
    }

    /// <inheritdoc/>
    public override void ReadRow(int row, Span<float> values)
    {
        ReadOnlySpan<byte> bytes = CodedTensors.Bytes(codes).Slice(row * Columns, Columns);
        for (int column = 0; column < values.Length; column++)
            values[column] = (sbyte)bytes[column] * largest[row] / 127;
    }
}
