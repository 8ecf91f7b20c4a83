namespace Seriatim.Tensors;

/// <summary>How the elements of a tensor are stored. All arithmetic is F32; F16 and BF16 are storage only.</summary>
public enum DataType
{
    /// <summary>IEEE 754 binary32, 4 bytes.</summary>
    F32,

    /// <summary>Signed integer, 4 bytes: token ids, positions, row numbers.</summary>
    I32,

    /// <summary>IEEE 754 binary16, 2 bytes.</summary>
    F16,

    /// <summary>bfloat16 (the upper half of a binary32), 2 bytes.</summary>
    BF16,
}

/// <summary>Sizes of the <see cref="DataType"/>s.</summary>
public static class DataTypes
{
    /// <summary>Bytes of one element.</summary>
    public static int Size(this DataType type) => type is DataType.F32 or DataType.I32 ? 4 : 2;
}
