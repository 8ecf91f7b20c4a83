namespace Seriatim.Models;

/// <summary>
/// 8-bit floats times a scale: of the whole matrix, of each row, or of each rectangle of it. A product of both is rounded to F32
/// once; where all scales have few digits (powers of two), BF16 holds it exactly.
/// </summary>
internal sealed class ScaledFloatMatrix : CodedMatrix
{
    private readonly SafetensorsEntry _values;
    private readonly float[] _scales;
    private readonly int _blockRows, _blockColumns, _scaleColumns;

    private ScaledFloatMatrix(SafetensorsEntry values, float[] scales, int blockRows, int blockColumns, int scaleColumns)
    {
        (_values, _scales, _blockRows, _blockColumns, _scaleColumns) = (values, scales, blockRows, blockColumns, scaleColumns);
        Type = scales.All(IsShort) ? DataType.BF16 : DataType.F32;
    }

    /// <inheritdoc/>
    public override DataType Type { get; }

    /// <summary>Reads the parts of a matrix.</summary>
    /// <param name="tensors">The checkpoint.</param>
    /// <param name="name">The name of the matrix.</param>
    /// <param name="block">Rows and columns of a rectangle, as the config says; null: it names none.</param>
    /// <returns>Null if the checkpoint has no such matrix.</returns>
    public static ScaledFloatMatrix? Find(CodedTensors tensors, string name, (int Rows, int Columns)? block)
    {
        if (tensors.Find(name) is not { Shape: [var rows, var columns] } values
            || values.Type is not (SafetensorsType.F8E4M3 or SafetensorsType.F8E5M2))
            return null;
        SafetensorsEntry scale = tensors.Find($"{name}_scale_inv") ?? tensors.Find($"{name}_scale")
            ?? tensors.Need($"{name}_scale", values);
        (int blockRows, int blockColumns) = scale.Shape switch
        {
            [] or [1] or [1, 1] => ((int)rows, (int)columns),
            [var r] when r == rows => (1, (int)columns),
            [var r, 1] when r == rows => (1, (int)columns),
            _ when block is { } size => size,
            _ => throw new CheckpointMismatchException(scale.File.Path, [scale.Name],
                $"{scale.Name} is {CodedTensors.Shape(scale.Shape)}; {name} of [{rows}, {columns}] needs [1] or [{rows}, 1], "
                    + "or a block size in the config."),
        };
        (long scaleRows, long scaleColumns) = ((rows + blockRows - 1) / blockRows, (columns + blockColumns - 1) / blockColumns);
        if (scale.ElementCount != scaleRows * scaleColumns)
            CodedTensors.RequireShape(scale, $"{name} of [{rows}, {columns}] in blocks of [{blockRows}, {blockColumns}]",
                scaleRows, scaleColumns);
        return new ScaledFloatMatrix(values, CodedTensors.ReadFloats(scale), blockRows, blockColumns, (int)scaleColumns)
        {
            Name = name,
            Tensors = [name, scale.Name],
            Rows = (int)rows,
            Columns = (int)columns,
            InWords = $"{values.Type.Name()}, "
                + (scaleRows * scaleColumns == 1 ? "one scale"
                    : blockRows == 1 ? "a scale a row"
                    : $"a scale for each [{blockRows}, {blockColumns}]"),
        };
    }

    /// <inheritdoc/>
    public override void ReadRow(int row, Span<float> values)
    {
        _values.File.ReadF32(_values, (long)row * Columns, values);
        int first = row / _blockRows * _scaleColumns;
        for (int column = 0; column < values.Length; column++)
            values[column] *= _scales[first + column / _blockColumns];
    }

    /// <summary>
    /// Whether the scale has at most 4 digits: with the 4 of a value they are the 8 of BF16. The exponents stay far from its
    /// ends.
    /// </summary>
    private static bool IsShort(float scale) =>
        (BitConverter.SingleToUInt32Bits(scale) & 0xF_FFFF) == 0 && MathF.Abs(scale) is 0 or (> 1e-30f and < 1e30f);
}
