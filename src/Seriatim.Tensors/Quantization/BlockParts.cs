namespace Seriatim.Tensors;

/// <summary>
/// What any block says, taken apart: value i is <c>S · g · level(code i) + M · h</c> with the block's scale S and minimum M and
/// the small g and h of its group of values. Scales are here as they are stored; the format says what they mean.
/// </summary>
internal unsafe struct BlockParts
{
    /// <summary>S, for <see cref="IBlockFormat.Scale"/>.</summary>
    public uint Scale;

    /// <summary>M, stored like S; the formats that subtract a minimum have its sign turned here.</summary>
    public uint Minimum;

    /// <summary>
    /// g of each group, for <see cref="IBlockFormat.GroupScale"/>; formats without group scales need not set it.
    /// </summary>
    public fixed sbyte GroupScales[16];

    /// <summary>h of each group; 1 in formats without group minimums.</summary>
    public fixed byte GroupMinimums[16];

    /// <summary>The code of each value, 0 to 255.</summary>
    public fixed byte Codes[256];
}
