namespace Seriatim.Models;

/// <summary>
/// A matrix as compressed-tensors stores integers: a byte each in <c>weight</c>, or packed along the inputs in
/// <c>weight_packed</c> with half of the range added; <c>weight_scale</c> and, if not symmetric, <c>weight_zero_point</c> for
/// each group of a row (one for all: tensor or channel), and the group of each input in <c>weight_g_idx</c> where that is not its
/// place.
/// </summary>
internal sealed class GroupedMatrix : IntegerMatrix
{
    private readonly SafetensorsEntry _codes;
    private readonly int _bits;
    private readonly bool _packed;
    private readonly short[]? _zeros;
    private readonly float[] _scales;
    private readonly int _scaleRows;

    private GroupedMatrix(
        SafetensorsEntry codes, (int Bits, bool Packed, int Size, int Columns, int[]? Order) how, short[]? zeros, float[] scales,
        int groups, int scaleRows)
    {
        (_codes, _bits, _packed, _zeros, _scales, _scaleRows) = (codes, how.Bits, how.Packed, zeros, scales, scaleRows);
        Columns = how.Columns;
        SetGroups(how.Size, groups, how.Order);
        int half = 1 << (how.Bits - 1);
        FindBlocks(-half - (zeros?.Max() ?? 0), half - 1 - (zeros?.Min() ?? 0), scales);
    }

    /// <summary>Reads the parts of a matrix.</summary>
    /// <param name="tensors">The checkpoint.</param>
    /// <param name="name">The name of the plain matrix.</param>
    /// <param name="bits">The widths that the config names.</param>
    /// <returns>Null if the checkpoint has no such matrix.</returns>
    public static GroupedMatrix? Find(CodedTensors tensors, string name, IReadOnlyList<int> bits)
    {
        if (tensors.Find($"{name}_packed") is { Type: SafetensorsType.I32 } packed)
            return Packed(tensors, name, packed, bits);
        return tensors.Find(name) is { Type: SafetensorsType.I8, Shape: [var rows, var columns] } plain
            ? New(tensors, name, plain, (int)rows, (int)columns, 8, packed: false, [name])
            : null;
    }

    /// <inheritdoc/>
    protected override void ReadLevels(int row, Span<short> levels)
    {
        int half = 1 << (_bits - 1);
        if (_packed)
        {
            ReadOnlySpan<uint> words = CodedTensors.Words(_codes);
            long first = row * _codes.Shape[1];
            for (int column = 0; column < levels.Length; column++)
                levels[column] = (short)(PackedBits.Read(words, first, 1, column, _bits) - half);
        }
        else
        {
            ReadOnlySpan<byte> bytes = CodedTensors.Bytes(_codes).Slice(row * Columns, Columns);
            for (int column = 0; column < levels.Length; column++)
                levels[column] = (sbyte)bytes[column];
        }

        for (int column = 0; _zeros is not null && column < levels.Length; column++)
            levels[column] -= _zeros[At(row, GroupOf(column))];
    }

    /// <inheritdoc/>
    protected override void ReadScales(int row, Span<float> scales)
    {
        for (int group = 0; group < scales.Length; group++)
            scales[group] = _scales[At(row, group)];
    }

    private int At(int row, int group) => (_scaleRows == 1 ? 0 : row) * Groups + group;

    private static GroupedMatrix Packed(CodedTensors tensors, string name, SafetensorsEntry packed, IReadOnlyList<int> known)
    {
        SafetensorsEntry shape = tensors.Need($"{name}_shape", packed);
        CodedTensors.RequireShape(CodedTensors.RequireType(shape, SafetensorsType.I64, SafetensorsType.I32), "a matrix", 2);
        int[] size = shape.File.ReadI32(shape);
        foreach (int bits in known)
        {
            if (size is [> 0, > 0] && packed.Shape.AsSpan().SequenceEqual([size[0], PackedBits.Words(size[1], bits)]))
                return New(tensors, name, packed, size[0], size[1], bits, packed: true, [packed.Name, shape.Name]);
        }

        string needed = string.Join(" or ", known.Select(bits => $"[{size[0]}, {PackedBits.Words(size[1], bits)}]"));
        throw new CheckpointMismatchException(packed.File.Path, [packed.Name],
            $"{packed.Name} is {CodedTensors.Shape(packed.Shape)} for a matrix of [{string.Join(", ", size)}]; the config's "
                + $"{string.Join(" or ", known)} bits need {needed}.");
    }

    private static GroupedMatrix New(
        CodedTensors tensors, string name, SafetensorsEntry codes, int rows, int columns, int bits, bool packed,
            List<string> used)
    {
        SafetensorsEntry scale = tensors.Need($"{name}_scale", codes);
        used.Add(scale.Name);
        (int scaleRows, int groups) = scale.Shape switch
        {
            [] or [1] => (1, 1),
            [var r, var g] when (r == rows || r == 1) && g >= 1 && columns % g == 0 => ((int)r, (int)g),
            [var r] when r == rows => (rows, 1),
            _ => throw new CheckpointMismatchException(scale.File.Path, [scale.Name],
                $"{scale.Name} is {CodedTensors.Shape(scale.Shape)}; {name} of [{rows}, {columns}] needs [1], "
                    + $"[{rows}, 1] or [{rows}, groups]."),
        };
        (int Bits, bool Packed, int Size, int Columns, int[]? Order) how = (bits, packed, columns / groups, columns, null);
        if (tensors.Find($"{name}_g_idx") is { } order)
        {
            how.Order = order.File.ReadI32(CodedTensors.RequireShape(order, name, columns));
            used.Add(order.Name);
            if (how.Order.FirstOrDefault(g => (uint)g >= groups, -2) is var bad and not -2)
                throw new CheckpointMismatchException(order.File.Path, [order.Name],
                    $"{order.Name} names group {bad} of {groups}.");
        }

        short[]? zeros = null;
        if (tensors.Find($"{name}_zero_point") is { } zero)
        {
            zeros = Zeros(zero, bits, scaleRows, groups);
            used.Add(zero.Name);
        }

        string scales = groups > 1 ? $"groups of {columns / groups}" : scaleRows > 1 ? "a scale a row" : "one scale";
        return new GroupedMatrix(codes, how, zeros, CodedTensors.ReadFloats(scale), groups, scaleRows)
        {
            Name = name,
            Tensors = used,
            Rows = rows,
            Columns = columns,
            InWords = $"compressed-tensors, {bits} bits, {scales}",
        };
    }

    /// <summary>Zeros as bytes, or packed along the rows like codes.</summary>
    private static short[] Zeros(SafetensorsEntry entry, int bits, int rows, int groups)
    {
        if (entry.Type == SafetensorsType.I8 && entry.ElementCount == (long)rows * groups)
            return [.. entry.File.ReadI32(entry).Select(zero => (short)zero)];
        CodedTensors.RequireShape(
            CodedTensors.RequireType(entry, SafetensorsType.I32), $"{rows} rows of {groups} groups", PackedBits.Words(rows,
                bits), groups);
        ReadOnlySpan<uint> words = CodedTensors.Words(entry);
        short[] zeros = new short[rows * groups];
        for (int i = 0; i < zeros.Length; i++)
            zeros[i] = (short)(PackedBits.Read(words, i % groups, groups, i / groups, bits) - (1 << (bits - 1)));
        return zeros;
    }
}
