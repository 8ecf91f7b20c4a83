namespace Seriatim.Tensors;

/// <summary>
/// What any block says, taken apart: value i is <c>S · g · level(code i) + M · h</c> with the block's scale S and minimum M
/// (binary16) and the small integers g and h of its group of values.
/// </summary>
internal unsafe struct BlockParts
{
    /// <summary>S, as binary16.</summary>
    public ushort Scale;

    /// <summary>M, as binary16; the formats that subtract a minimum have its sign turned here.</summary>
    public ushort Minimum;

    /// <summary>g of each group; 1 in formats without group scales.</summary>
    public fixed sbyte GroupScales[16];

    /// <summary>h of each group; 1 in formats without group minimums.</summary>
    public fixed byte GroupMinimums[16];

    /// <summary>The code of each value, 0 to 255.</summary>
    public fixed byte Codes[256];

    /// <summary>The other sign of a binary16.</summary>
    public static ushort Negated(ushort half) => (ushort)(half ^ 0x8000);
}
