using System.Runtime.CompilerServices;

namespace Seriatim.Tensors;

/// <summary>What drivers need to know of a format.</summary>
/// <param name="GroupValues">Values that share a scale: 16 or 32.</param>
/// <param name="Bias">The byte code of level 0.</param>
/// <param name="HasMinimums">Whether groups have a minimum.</param>
/// <param name="WordSteps">
/// Steps of 4 inputs of a group whose sums of pairs fit into 16 bits: 8, 4 or 2; 0 if one step may not fit.
/// </param>
internal readonly record struct BlockFacts(int GroupValues, int Bias, bool HasMinimums, int WordSteps)
{
    public static BlockFacts Of<TFormat>()
        where TFormat : struct, IBlockFormat
    {
        int steps = WordStepsOf<TFormat>() switch { >= 8 => 8, >= 4 => 4, >= 2 => 2, _ => 0 };
        return new(TFormat.GroupValues, TFormat.Bias, TFormat.HasMinimums, Math.Min(TFormat.GroupValues / 4, steps));
    }

    /// <summary>The largest byte code that products see.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int LargestCode<TFormat>()
        where TFormat : struct, IBlockFormat =>
        TFormat.Levels.IsEmpty ? (1 << TFormat.CodeBits) - 1 : Math.Min(2 * TFormat.Bias, byte.MaxValue);

    /// <summary>How many steps of 4 inputs add up within 16 bits, where each adds two products of bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int WordStepsOf<TFormat>()
        where TFormat : struct, IBlockFormat => short.MaxValue / (2 * LargestCode<TFormat>() * QuantizedRows.MaxCode);
}
