namespace Seriatim.Models;

/// <summary>
/// 4-bit floats (E2M1) with a scale for each 32 inputs that is a power of two (MXFP4) or for each 16 an 8-bit float and one F32
/// of the whole (NVFP4): two neighbouring inputs in a byte, the first in its low half. Blocks of ours hold both as they are.
/// </summary>
internal sealed class FourBitMatrix : CodedMatrix
{
    private readonly SafetensorsEntry _codes, _scales;
    private readonly BlockType _type;
    private readonly float _scale;
    private readonly bool _fits;

    private FourBitMatrix(SafetensorsEntry codes, SafetensorsEntry scales, BlockType type, float scale, int columns)
    {
        (_codes, _scales, _type, _scale) = (codes, scales, type, scale);
        _fits = columns % type.BlockSize() == 0;
    }

    /// <inheritdoc/>
    public override BlockType? Blocks => _fits ? _type : null;

    /// <inheritdoc/>
    public override float Scale => _scale;

    private int Group => _type == BlockType.MXFP4 ? 32 : 16;

    /// <summary>A matrix of codes and scales.</summary>
    /// <param name="name">The name of the plain matrix.</param>
    /// <param name="codes">U8, half as many as values.</param>
    /// <param name="scales">A byte for each group.</param>
    /// <param name="type">MXFP4 or NVFP4.</param>
    /// <param name="whole">The factor of the whole, and the tensor it is in.</param>
    public static FourBitMatrix Of(
        string name, SafetensorsEntry codes, SafetensorsEntry scales, BlockType type, (float Factor, string Name)? whole = null)
    {
        int group = type == BlockType.MXFP4 ? 32 : 16;
        CodedTensors.RequireType(codes, SafetensorsType.U8);
        CodedTensors.RequireType(scales, SafetensorsType.U8, SafetensorsType.F8E4M3);

        // [.., outputs, inputs / 2], or [.., outputs, groups, 16] as the experts of gpt_oss have it.
        bool split = codes.Shape.Length == scales.Shape.Length + 1;
        if (codes.Shape.Length < 2 || (split && codes.Shape[^1] != group / 2))
        {
            throw new CheckpointMismatchException(codes.File.Path, [codes.Name],
                $"{codes.Name} is {CodedTensors.Shape(codes.Shape)}; [outputs, inputs / 2] or "
                    + $"[outputs, groups, {group / 2}] is needed.");
        }

        long columns = split ? codes.Shape[^2] * group : codes.Shape[^1] * 2;
        long[] outer = [.. codes.Shape.Take(codes.Shape.Length - (split ? 2 : 1))];
        long rows = outer.Aggregate(1L, (product, size) => product * size);
        CodedTensors.RequireShape(scales, $"{codes.Name} {CodedTensors.Shape(codes.Shape)} in groups of {group}", [.. outer,
            columns / group]);
        if (columns % group != 0)
        {
            throw new CheckpointMismatchException(codes.File.Path, [codes.Name],
                $"{codes.Name} has rows of {columns} values, no multiple of the group of {group}.");
        }

        return new FourBitMatrix(codes, scales, type, whole?.Factor ?? 1, (int)columns)
        {
            Name = name,
            Tensors = whole is { } extra ? [codes.Name, scales.Name, extra.Name] : [codes.Name, scales.Name],
            Rows = (int)rows,
            Columns = (int)columns,
            InWords = $"{type}",
        };
    }

    /// <inheritdoc/>
    public override unsafe void WriteBlocks(int row, Span<byte> blocks)
    {
        byte* codes = _codes.File.Pointer(_codes) + (long)row * (Columns / 2);
        byte* scales = _scales.File.Pointer(_scales) + (long)row * (Columns / Group);
        int groups = _type.BlockSize() / Group, half = Group / 2;
        for (int at = 0; at < blocks.Length; at += _type.BlockBytes(), scales += groups)
        {
            Span<byte> block = blocks.Slice(at, _type.BlockBytes());
            for (int group = 0; group < groups; group++, codes += half)
            {
                block[group] = scales[group];
                Turn(new ReadOnlySpan<byte>(codes, half), block.Slice(groups + group * half, half));
            }
        }
    }

    /// <inheritdoc/>
    public override unsafe void ReadRow(int row, Span<float> values)
    {
        // A block whose other groups are empty, for rows that are no whole blocks.
        Span<byte> block = stackalloc byte[_type.BlockBytes()];
        Span<float> opened = stackalloc float[_type.BlockSize()];
        int groups = _type.BlockSize() / Group, half = Group / 2;
        byte* codes = _codes.File.Pointer(_codes) + (long)row * (Columns / 2);
        byte* scales = _scales.File.Pointer(_scales) + (long)row * (Columns / Group);
        for (int group = 0; group < Columns / Group; group++)
        {
            block.Clear();
            block[0] = scales[group];
            Turn(new ReadOnlySpan<byte>(codes + group * half, half), block.Slice(groups, half));
            _type.Decode(block, opened);
            for (int i = 0; i < Group; i++)
                values[group * Group + i] = _scale == 1 ? opened[i] : opened[i] * _scale;
        }
    }

    /// <summary>
    /// From neighbours in a byte to the first half of a group in the low halves of its bytes and the rest in the high ones.
    /// </summary>
    private static void Turn(ReadOnlySpan<byte> from, Span<byte> to)
    {
        int half = from.Length;
        for (int i = 0; i < half; i++)
        {
            int low = from[i / 2] >> (4 * (i % 2)) & 15;
            int high = from[(i + half) / 2] >> (4 * ((i + half) % 2)) & 15;
            to[i] = (byte)(low | high << 4);
        }
    }
}
