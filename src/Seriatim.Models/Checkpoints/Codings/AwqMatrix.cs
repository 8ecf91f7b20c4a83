namespace Seriatim.Models;

/// <summary>
/// A matrix as AWQ's writers store it ("gemm"): <c>qweight [in, out / 8]</c> and <c>qzeros [groups, out / 8]</c> with eight
/// neighbouring outputs in a word, in the order 0, 2, 4, 6, 1, 3, 5, 7 from the lowest bits on, and <c>scales [groups, out]</c>.
/// </summary>
internal sealed class AwqMatrix : IntegerMatrix
{
    private const int Bits = 4;

    /// <summary>Where in a word the bits of an output begin.</summary>
    private static readonly int[] Shifts = [0, 16, 4, 20, 8, 24, 12, 28];

    private readonly SafetensorsEntry _codes;
    private readonly byte[] _zeros;
    private readonly float[] _scales;

    private AwqMatrix(SafetensorsEntry codes, int groupSize, byte[] zeros, float[] scales, int groups, int columns)
    {
        (_codes, _zeros, _scales) = (codes, zeros, scales);
        Columns = columns;
        SetGroups(groupSize, groups, null);
        FindBlocks(-zeros.Max(), 15 - zeros.Min(), scales);
    }

    /// <summary>Reads the parts of a matrix.</summary>
    /// <param name="tensors">The checkpoint.</param>
    /// <param name="name">The name of the plain matrix.</param>
    /// <param name="groupSize">Inputs of a group; -1: all.</param>
    /// <returns>Null if the checkpoint has no such matrix.</returns>
    public static AwqMatrix? Find(CodedTensors tensors, string name, int groupSize)
    {
        string stem = name[..^".weight".Length];
        if (tensors.Find($"{stem}.qweight") is not { } codes)
            return null;
        CodedTensors.RequireType(codes, SafetensorsType.I32, SafetensorsType.U32);
        if (codes.Shape is not [var inputs, var words])
            throw new CheckpointMismatchException(codes.File.Path, [codes.Name],
                $"{codes.Name} is {CodedTensors.Shape(codes.Shape)}; two axes are needed.");
        int outputs = (int)words * 8, size = groupSize < 0 ? (int)inputs : groupSize;
        long groups = (inputs + size - 1) / size;
        string why = $"{codes.Name} {CodedTensors.Shape(codes.Shape)} with 4 bits and groups of {size}";
        SafetensorsEntry zeros = CodedTensors.RequireShape(
            CodedTensors.RequireType(tensors.Need($"{stem}.qzeros", codes), SafetensorsType.I32, SafetensorsType.U32), why,
                groups, words);
        SafetensorsEntry scales = CodedTensors.RequireShape(tensors.Need($"{stem}.scales", codes), why, groups, outputs);
        byte[] opened = new byte[groups * outputs];
        ReadOnlySpan<uint> packed = CodedTensors.Words(zeros);
        for (int i = 0; i < opened.Length; i++)
            opened[i] = (byte)(packed[i / 8] >> Shifts[i % 8] & 15);
        return new AwqMatrix(codes, size, opened, CodedTensors.ReadFloats(scales), (int)groups, (int)inputs)
        {
            Name = name,
            Tensors = [codes.Name, zeros.Name, scales.Name],
            Rows = outputs,
            Columns = (int)inputs,
            InWords = $"AWQ, {Bits} bits, groups of {size}",
        };
    }

    /// <inheritdoc/>
    protected override void ReadLevels(int row, Span<short> levels)
    {
        ReadOnlySpan<uint> words = CodedTensors.Words(_codes);
        (int word, int shift, int stride) = (row / 8, Shifts[row % 8], Rows / 8);
        for (int column = 0; column < levels.Length; column++, word += stride)
            levels[column] = (short)((int)(words[word] >> shift & 15) - _zeros[GroupOf(column) * Rows + row]);
    }

    /// <inheritdoc/>
    protected override void ReadScales(int row, Span<float> scales)
    {
        for (int group = 0; group < scales.Length; group++)
            scales[group] = _scales[group * Rows + row];
    }
}
