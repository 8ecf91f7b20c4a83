using System.Buffers;

namespace Seriatim.Models;

/// <summary>
/// Codes of a few bits with a scale and a zero for each group of inputs: <c>scale · (code - zero)</c>. The difference is a small
/// integer, so the blocks of Q4_0, Q5_0 or Q8_0 hold it exactly if inputs of a group follow each other and a binary16 holds the
/// scales.
/// </summary>
internal abstract class IntegerMatrix : CodedMatrix
{
    private const int Block = 32;
    private BlockType? _blocks;
    private int[]? _groupOf;
    private int _groupSize;

    /// <inheritdoc/>
    public override BlockType? Blocks => _blocks;

    /// <summary>Groups of a row.</summary>
    protected int Groups { get; private set; }

    /// <summary>Whether inputs of a group do not follow each other (act-order).</summary>
    protected bool IsOrdered => _groupOf is not null;

    /// <summary>Codes minus zeros of a row.</summary>
    protected abstract void ReadLevels(int row, Span<short> levels);

    /// <summary>The scale of each group of a row.</summary>
    protected abstract void ReadScales(int row, Span<float> scales);

    /// <summary>The group of an input.</summary>
    protected int GroupOf(int column) => _groupOf is { } groups ? groups[column] : column / _groupSize;

    /// <inheritdoc/>
    public override void ReadRow(int row, Span<float> values)
    {
        short[] levels = ArrayPool<short>.Shared.Rent(Columns);
        float[] scales = ArrayPool<float>.Shared.Rent(Groups);
        ReadLevels(row, levels.AsSpan(0, Columns));
        ReadScales(row, scales.AsSpan(0, Groups));
        for (int column = 0; column < Columns; column++)
            values[column] = scales[GroupOf(column)] * levels[column];
        ArrayPool<float>.Shared.Return(scales);
        ArrayPool<short>.Shared.Return(levels);
    }

    /// <inheritdoc/>
    public override void WriteBlocks(int row, Span<byte> blocks)
    {
        BlockType type = Blocks!.Value;
        short[] levels = ArrayPool<short>.Shared.Rent(Columns);
        float[] scales = ArrayPool<float>.Shared.Rent(Groups);
        ReadLevels(row, levels.AsSpan(0, Columns));
        ReadScales(row, scales.AsSpan(0, Groups));
        Span<sbyte> own = stackalloc sbyte[Block];
        for (int first = 0; first < Columns; first += Block)
        {
            for (int i = 0; i < Block; i++)
                own[i] = (sbyte)levels[first + i];
            type.WriteLevels(scales[first / _groupSize], own, blocks.Slice(first / Block * type.BlockBytes(), type.BlockBytes()));
        }

        ArrayPool<float>.Shared.Return(scales);
        ArrayPool<short>.Shared.Return(levels);
    }

    /// <summary>Says which inputs make groups.</summary>
    /// <param name="size">Neighbouring inputs of a group.</param>
    /// <param name="groups">How many groups there are.</param>
    /// <param name="groupOf">The group of each input; null: as <paramref name="size"/> says.</param>
    protected void SetGroups(int size, int groups, int[]? groupOf)
    {
        (_groupSize, Groups) = (size, groups);
        for (int column = 0; groupOf is not null && column < groupOf.Length; column++)
        {
            if (groupOf[column] != column / size)
            {
                _groupOf = groupOf;
                return;
            }
        }
    }

    /// <summary>Looks for the blocks that hold the matrix exactly.</summary>
    /// <param name="lowest">The smallest level there is.</param>
    /// <param name="highest">The largest level there is.</param>
    /// <param name="scales">All scales.</param>
    protected void FindBlocks(int lowest, int highest, ReadOnlySpan<float> scales)
    {
        if (IsOrdered || Columns % Block != 0 || (_groupSize % Block != 0 && Groups > 1))
            return;
        foreach (float scale in scales)
        {
            if (SixteenBits.FromHalf(SixteenBits.ToHalf(scale)) != scale)
                return;
        }

        _blocks = (lowest, highest) switch
        {
            ( >= -8, <= 7) => BlockType.Q4_0,
            ( >= -16, <= 15) => BlockType.Q5_0,
            ( >= -128, <= 127) => BlockType.Q8_0,
            _ => null,
        };
    }
}
