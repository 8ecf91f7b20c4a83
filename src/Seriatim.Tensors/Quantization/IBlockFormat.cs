using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Seriatim.Tensors;

/// <summary>
/// A block format as a trait. A format says how its bytes become <see cref="BlockParts"/> and back, and what its scales mean;
/// decoding, packing, products and searches for good codes are generic over it and written once.
/// </summary>
/// <remarks>
/// Source of all layouts: ggml (<c>ggml-common.h</c>), checked against golden blocks bit for bit. Scales are binary16 and group
/// scales signed bytes unless a format says otherwise; they are widened when a chunk is opened, never in the products.
/// </remarks>
internal unsafe interface IBlockFormat
{
    /// <summary>The public name.</summary>
    static abstract BlockType Type { get; }

    /// <summary>Values in a block: 32, 64 or 256.</summary>
    static abstract int Values { get; }

    /// <summary>Bytes of a block.</summary>
    static abstract int Bytes { get; }

    /// <summary>Neighbouring values that share g and h: 16 or 32.</summary>
    static abstract int GroupValues { get; }

    /// <summary>Bits of a code: 8, 6, 5, 4, 3 or 2.</summary>
    static abstract int CodeBits { get; }

    /// <summary>
    /// The code whose level is 0: <c>level = code - Bias</c>. With <see cref="Levels"/>: what makes them unsigned; the less it
    /// is, the faster are the products (<see cref="BlockFacts.LargestCode{TFormat}"/>).
    /// </summary>
    static abstract int Bias { get; }

    /// <summary>The level of each of the 16 codes, <c>-Bias</c> to <c>Bias</c>; empty where levels are evenly spaced.</summary>
    static abstract ReadOnlySpan<sbyte> Levels { get; }

    /// <summary>Whether groups have their own g, a byte (and h, where there are minimums).</summary>
    static abstract bool HasGroupScales { get; }

    /// <summary>Whether there are minimums.</summary>
    static abstract bool HasMinimums { get; }

    /// <summary>
    /// Whether S and M are binary16 and g a signed byte that mean themselves: what kernels of machine code read in place
    /// (<see cref="PanelCode"/>). Formats that say so have such kernels; the others are opened first.
    /// </summary>
    static virtual bool HasPlainScales => false;

    /// <summary>Bytes of S, and of M, in a panel: 0 (S is always 1), 1, 2 or 4.</summary>
    static virtual int ScaleBytes => 2;

    /// <summary>The largest scale and its kind, for errors.</summary>
    static virtual string LargestScale => "a binary16, holds up to 65504";

    /// <summary>What a stored S or M means, exactly.</summary>
    static virtual float Scale(uint stored) => SixteenBits.FromHalf((ushort)stored);

    /// <summary>The nearest S or M that can be stored; one whose meaning is not finite if there is none.</summary>
    static virtual uint NearestScale(float value) => SixteenBits.ToHalf(value);

    /// <summary><see cref="Scale"/> of 16 outputs side by side.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static virtual Vector512<float> Scales(byte* stored) => ScaleCodes.Halves(stored);

    /// <summary>What a stored g means, exactly.</summary>
    static virtual float GroupScale(sbyte stored) => stored;

    /// <summary><see cref="GroupScale"/> of 16 outputs side by side.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static virtual Vector512<float> GroupScales(byte* stored) => ScaleCodes.Signed(stored);

    /// <summary>Takes a block apart.</summary>
    static abstract void Open(byte* block, BlockParts* parts);

    /// <summary>Puts a block together; the inverse of <see cref="Open"/>.</summary>
    static abstract void Close(BlockParts* parts, byte* block);

    /// <summary>Chooses scales and codes for <see cref="Values"/> values.</summary>
    static abstract void Encode(ReadOnlySpan<float> values, BlockParts* parts);
}
