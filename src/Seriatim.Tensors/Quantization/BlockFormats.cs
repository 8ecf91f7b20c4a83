namespace Seriatim.Tensors;

/// <summary>Sizes and conversions of the <see cref="BlockType"/>s.</summary>
public static unsafe class BlockFormats
{
    private static readonly Dictionary<BlockType, BlockFormatEntry> Entries = new BlockFormatEntry[]
    {
        BlockFormatEntry.Of<Q8_0>(), BlockFormatEntry.Of<Q4_0>(), BlockFormatEntry.Of<Q4_1>(), BlockFormatEntry.Of<Q5_0>(),
        BlockFormatEntry.Of<Q5_1>(), BlockFormatEntry.Of<Q2_K>(), BlockFormatEntry.Of<Q3_K>(), BlockFormatEntry.Of<Q4_K>(),
        BlockFormatEntry.Of<Q5_K>(), BlockFormatEntry.Of<Q6_K>(), BlockFormatEntry.Of<IQ4_NL>(), BlockFormatEntry.Of<IQ4_XS>(),
        BlockFormatEntry.Of<TQ1_0>(), BlockFormatEntry.Of<TQ2_0>(),
        BlockFormatEntry.Of<MXFP4>(), BlockFormatEntry.Of<NVFP4>(), BlockFormatEntry.Of<IQ1_S>(), BlockFormatEntry.Of<IQ1_M>(),
        BlockFormatEntry.Of<IQ2_XXS>(), BlockFormatEntry.Of<IQ2_XS>(), BlockFormatEntry.Of<IQ2_S>(),
            BlockFormatEntry.Of<IQ3_XXS>(),
        BlockFormatEntry.Of<IQ3_S>(),
    }.ToDictionary(entry => entry.Type);

    /// <summary>All formats.</summary>
    public static IReadOnlyCollection<BlockType> All => Entries.Keys;

    /// <summary>Values in one block; rows are whole blocks.</summary>
    public static int BlockSize(this BlockType type) => Entry(type).Values;

    /// <summary>Bytes of one block.</summary>
    public static int BlockBytes(this BlockType type) => Entry(type).Bytes;

    /// <summary>Bytes of <paramref name="values"/> values in whole blocks.</summary>
    /// <exception cref="ShapeMismatchException">They are not whole blocks.</exception>
    public static long Bytes(this BlockType type, long values)
    {
        CheckBlocks(type, values);
        return values / type.BlockSize() * type.BlockBytes();
    }

    /// <summary>Decodes whole blocks, exactly as ggml does.</summary>
    /// <param name="type">The format.</param>
    /// <param name="blocks">The bytes of the blocks.</param>
    /// <param name="values">Where the values go; decides how many.</param>
    /// <exception cref="ShapeMismatchException">The lengths do not belong together.</exception>
    public static void Decode(this BlockType type, ReadOnlySpan<byte> blocks, Span<float> values)
    {
        CheckLengths(type, blocks.Length, values.Length);
        fixed (byte* from = blocks)
            Entry(type).Decode(from, values);
    }

    /// <summary>
    /// Encodes values as whole blocks: nearest codes in simple formats, a search for the best scales in the others.
    /// </summary>
    /// <param name="type">The format.</param>
    /// <param name="values">Finite values, whole blocks.</param>
    /// <param name="blocks">Where the bytes go.</param>
    /// <exception cref="ShapeMismatchException">The lengths do not belong together.</exception>
    /// <exception cref="ArgumentException">
    /// A value is not finite, or too large for the scale of its block; the message has its index.
    /// </exception>
    public static void Encode(this BlockType type, ReadOnlySpan<float> values, Span<byte> blocks)
    {
        CheckLengths(type, blocks.Length, values.Length);
        for (int i = 0; i < values.Length; i++)
        {
            if (!float.IsFinite(values[i]))
            {
                throw new ArgumentException($"{type}: value {i} is {values[i]}; a block holds finite values only.",
                    nameof(values));
            }
        }

        fixed (byte* to = blocks)
            Entry(type).Encode(values, to);
    }

    /// <summary>
    /// Puts one block together of a scale and whole levels, exactly: what other formats mean in one of ours. For formats of 32
    /// values with evenly spaced levels, one scale and no minimum (Q4_0, Q5_0, Q8_0).
    /// </summary>
    /// <param name="type">The format.</param>
    /// <param name="scale">The scale; a binary16 must hold it.</param>
    /// <param name="levels">A level for each value of the block.</param>
    /// <param name="block">Where its bytes go.</param>
    /// <exception cref="ArgumentException">The scale or a level cannot be stored, or the format has no such blocks.</exception>
    /// <exception cref="ShapeMismatchException">The lengths do not belong together.</exception>
    public static void WriteLevels(this BlockType type, float scale, ReadOnlySpan<sbyte> levels, Span<byte> block)
    {
        CheckLengths(type, block.Length, levels.Length);
        fixed (byte* to = block)
            Entry(type).WriteLevels(scale, levels, to);
    }

    internal static BlockFormatEntry Entry(BlockType type) => Entries.TryGetValue(type, out BlockFormatEntry? entry)
        ? entry
        : throw new ArgumentOutOfRangeException(nameof(type), type, "Not a block format.");

    private static void CheckBlocks(BlockType type, long values) => ShapeMismatchException.Require(
        values % type.BlockSize() == 0, $"{type}", "a row", $"{values} long", $"a multiple of the block, {type.BlockSize()}");

    private static void CheckLengths(BlockType type, int bytes, int values)
    {
        CheckBlocks(type, values);
        ShapeMismatchException.Require(
            bytes == type.Bytes(values), $"{type}", $"the blocks of {values} values", $"{bytes} bytes long",
            $"{type.Bytes(values)}");
    }
}
