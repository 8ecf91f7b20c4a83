using Seriatim.Tensors;

namespace Seriatim.Formats;

/// <summary>Sizes of the <see cref="GgmlType"/>s. Blocks of values run along a row and never cross rows.</summary>
public static class GgmlTypes
{
    /// <summary>Blocks have the same name in the engine and in files: a new format needs no row here.</summary>
    private static readonly Dictionary<GgmlType, BlockType> Blocks = BlockFormats.All.ToDictionary(ToGgmlType);

    /// <summary>Values in one block; 1 for plain types.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not a type of the format.</exception>
    public static int BlockSize(this GgmlType type) => Layout(type).Values;

    /// <summary>Bytes of one block; of one value for plain types.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not a type of the format.</exception>
    public static int TypeSize(this GgmlType type) => Layout(type).Bytes;

    /// <summary>True for every type that stores more than one value in a block.</summary>
    public static bool IsQuantized(this GgmlType type) => BlockSize(type) > 1;

    /// <summary>Bytes of a row of <paramref name="values"/> values.</summary>
    /// <exception cref="ArgumentException">The row is not a whole number of blocks.</exception>
    /// <exception cref="OverflowException">More than 2^63 bytes.</exception>
    public static long RowBytes(this GgmlType type, long values)
    {
        var (block, bytes) = Layout(type);
        if (values < 0 || values % block != 0)
            throw new ArgumentException($"a row of {values} values is not whole {type} blocks of {block}", nameof(values));
        return checked(values / block * bytes);
    }

    /// <summary>The tensor type with the same bytes (F32, I32, F16, BF16); null where the engine has none.</summary>
    public static DataType? ToDataType(this GgmlType type) => type switch
    {
        GgmlType.F32 => DataType.F32,
        GgmlType.I32 => DataType.I32,
        GgmlType.F16 => DataType.F16,
        GgmlType.BF16 => DataType.BF16,
        _ => null,
    };

    /// <summary>
    /// The block format with the same bytes; null for plain types and formats the engine does not compute with.
    /// </summary>
    public static BlockType? ToBlockType(this GgmlType type) => Blocks.TryGetValue(type, out BlockType block) ? block : null;

    /// <summary>The file type with the same bytes.</summary>
    public static GgmlType ToGgmlType(this BlockType type) => Enum.Parse<GgmlType>($"{type}");

    /// <summary>The file type with the same bytes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The tensor type has no counterpart in the format.</exception>
    public static GgmlType ToGgmlType(this DataType type) => type switch
    {
        DataType.F32 => GgmlType.F32,
        DataType.I32 => GgmlType.I32,
        DataType.F16 => GgmlType.F16,
        DataType.BF16 => GgmlType.BF16,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "no ggml type has these bytes"),
    };

    private static (int Values, int Bytes) Layout(GgmlType type) =>
        type.ToBlockType() is { } block ? (block.BlockSize(), block.BlockBytes()) : OtherLayout(type);

    /// <summary>
    /// What the engine does not compute with, as the block structs of ggml lay it out: scales first or last, then bits.
    /// </summary>
    private static (int Values, int Bytes) OtherLayout(GgmlType type) => type switch
    {
        GgmlType.F32 or GgmlType.I32 => (1, 4),
        GgmlType.F16 or GgmlType.BF16 or GgmlType.I16 => (1, 2),
        GgmlType.F64 or GgmlType.I64 => (1, 8),
        GgmlType.I8 => (1, 1),
        GgmlType.Q8_1 => (32, 2 + 2 + 32),
        GgmlType.Q8_K => (256, 4 + 256 + 32),
        GgmlType.Q1_0 => (128, 2 + 16),
        GgmlType.Q2_0 => (64, 2 + 16),
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "not a type of the GGUF format"),
    };
}
