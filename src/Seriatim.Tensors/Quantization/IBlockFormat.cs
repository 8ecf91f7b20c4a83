namespace Seriatim.Tensors;

/// <summary>
/// A block format as a trait. A format says how its bytes become <see cref="BlockParts"/> and back; decoding, packing, products
/// and searches for good codes are generic over it and written once.
/// </summary>
/// <remarks>Source of all layouts: ggml (<c>ggml-common.h</c>), checked against golden blocks bit for bit.</remarks>
internal unsafe interface IBlockFormat
{
    /// <summary>The public name.</summary>
    static abstract BlockType Type { get; }

    /// <summary>Values in a block: 32 or 256.</summary>
    static abstract int Values { get; }

    /// <summary>Bytes of a block.</summary>
    static abstract int Bytes { get; }

    /// <summary>Neighbouring values that share g and h: 16 or 32.</summary>
    static abstract int GroupValues { get; }

    /// <summary>Bits of a code: 8, 6, 5, 4, 3 or 2.</summary>
    static abstract int CodeBits { get; }

    /// <summary>The code whose level is 0: <c>level = code - Bias</c>. With <see cref="Levels"/>: what makes them unsigned.</summary>
    static abstract int Bias { get; }

    /// <summary>The level of each of the 16 codes; empty where levels are evenly spaced.</summary>
    static abstract ReadOnlySpan<sbyte> Levels { get; }

    /// <summary>Whether groups have their own g (and h, where there are minimums).</summary>
    static abstract bool HasGroupScales { get; }

    /// <summary>Whether there are minimums.</summary>
    static abstract bool HasMinimums { get; }

    /// <summary>Takes a block apart.</summary>
    static abstract void Open(byte* block, BlockParts* parts);

    /// <summary>Puts a block together; the inverse of <see cref="Open"/>.</summary>
    static abstract void Close(BlockParts* parts, byte* block);

    /// <summary>Chooses scales and codes for <see cref="Values"/> values.</summary>
    static abstract void Encode(ReadOnlySpan<float> values, BlockParts* parts);
}
