namespace Seriatim.Tensors;

/// <summary>What drivers need to know of a format.</summary>
/// <param name="GroupValues">Values that share a scale: 16 or 32.</param>
/// <param name="Bias">The byte code of level 0.</param>
/// <param name="HasMinimums">Whether groups have a minimum.</param>
internal readonly record struct BlockFacts(int GroupValues, int Bias, bool HasMinimums)
{
    public static BlockFacts Of<TFormat>()
        where TFormat : struct, IBlockFormat => new(TFormat.GroupValues, TFormat.Bias, TFormat.HasMinimums);
}
