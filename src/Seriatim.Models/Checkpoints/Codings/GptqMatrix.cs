namespace Seriatim.Models;

/// <summary>
/// A matrix as GPTQ's writers store it: <c>qweight [in · bits / 32, out]</c> with the codes of neighbouring inputs in a word,
/// <c>qzeros [groups, out · bits / 32]</c> with those of neighbouring outputs, <c>scales [groups, out]</c>, and the group of each
/// input in <c>g_idx</c> (act-order: groups are runs of the order of importance, not of inputs).
/// </summary>
internal sealed class GptqMatrix : IntegerMatrix
{
    private readonly SafetensorsEntry _codes;
    private readonly int _bits;
    private readonly short[] _zeros; // up to 256: 8 bits and one
    private readonly float[] _scales;

    private GptqMatrix(SafetensorsEntry codes, int bits, int groupSize, int[]? groupOf, short[] zeros, float[] scales,
        int groups, int columns)
    {
        (_codes, _bits, _zeros, _scales) = (codes, bits, zeros, scales);
        Columns = columns;
        SetGroups(groupSize, groups, groupOf);
        FindBlocks(-zeros.Max(), (1 << bits) - 1 - zeros.Min(), scales);
    }

    /// <summary>Reads the parts of a matrix.</summary>
    /// <param name="tensors">The checkpoint.</param>
    /// <param name="name">The name of the plain matrix.</param>
    /// <param name="format">What the config says.</param>
    /// <returns>Null if the checkpoint has no such matrix.</returns>
    public static GptqMatrix? Find(CodedTensors tensors, string name, GptqCoding format)
    {
        string stem = name[..^".weight".Length];
        if (tensors.Find($"{stem}.qweight") is not { } codes)
            return null;
        int bits = format.Bits;
        CodedTensors.RequireType(codes, SafetensorsType.I32, SafetensorsType.U32);
        if (codes.Shape is not [var words, var outputs])
            throw new CheckpointMismatchException(codes.File.Path, [codes.Name],
                $"{codes.Name} is {CodedTensors.Shape(codes.Shape)}; two axes are needed.");
        long inputs = words * 32 / bits;
        int size = format.GroupSize < 0 ? (int)inputs : format.GroupSize;
        long groups = (inputs + size - 1) / size;
        string why = $"{codes.Name} {CodedTensors.Shape(codes.Shape)} with {bits} bits and groups of {size}";
        SafetensorsEntry zeros = CodedTensors.RequireShape(
            CodedTensors.RequireType(tensors.Need($"{stem}.qzeros", codes), SafetensorsType.I32, SafetensorsType.U32), why,
            groups, PackedBits.Words(outputs, bits));
        SafetensorsEntry scales = CodedTensors.RequireShape(tensors.Need($"{stem}.scales", codes), why, groups, outputs);
        List<string> used = [codes.Name, zeros.Name, scales.Name];
        int[]? groupOf = ReadOrder(tensors, stem, why, inputs, groups);
        if (groupOf is not null)
            used.Add($"{stem}.g_idx");
        short[] opened = new short[groups * outputs];
        ReadOnlySpan<uint> packed = CodedTensors.Words(zeros);
        for (int group = 0; group < groups; group++)
        {
            for (int output = 0; output < outputs; output++)
            {
                opened[group * outputs + output] = (short)(PackedBits.Read(packed, group * zeros.Shape[1], 1, output, bits)
                    + format.ZeroOffset);
            }
        }

        bool ordered = groupOf is not null && groupOf.Where((group, column) => group != column / size).Any();
        return new GptqMatrix(codes, bits, size, groupOf, opened, CodedTensors.ReadFloats(scales), (int)groups, (int)inputs)
        {
            Name = name,
            Tensors = used,
            Rows = (int)outputs,
            Columns = (int)inputs,
            InWords = $"GPTQ, {bits} bits, groups of {size}{(ordered ? " in the order of importance" : "")}",
        };
    }

    /// <inheritdoc/>
    protected override void ReadLevels(int row, Span<short> levels)
    {
        ReadOnlySpan<uint> words = CodedTensors.Words(_codes);
        for (int column = 0; column < levels.Length; column++)
        {
            int code = PackedBits.Read(words, row, Rows, column, _bits);
            levels[column] = (short)(code - _zeros[GroupOf(column) * Rows + row]);
        }
    }

    /// <inheritdoc/>
    protected override void ReadScales(int row, Span<float> scales)
    {
        for (int group = 0; group < scales.Length; group++)
            scales[group] = _scales[group * Rows + row];
    }

    private static int[]? ReadOrder(CodedTensors tensors, string stem, string why, long inputs, long groups)
    {
        if (tensors.Find($"{stem}.g_idx") is not { } entry)
            return null;
        CodedTensors.RequireShape(CodedTensors.RequireType(entry, SafetensorsType.I32, SafetensorsType.I64), why, inputs);
        int[] groupOf = entry.File.ReadI32(entry);
        for (int column = 0; column < groupOf.Length; column++)
        {
            if ((uint)groupOf[column] >= groups)
            {
                throw new CheckpointMismatchException(entry.File.Path, [entry.Name],
                    $"{entry.Name} puts input {column} into group {groupOf[column]} of {groups}. Download the checkpoint again.");
            }
        }

        return groupOf;
    }
}
