namespace Seriatim.Formats;

/// <summary>
/// Element types of the safetensors format. The order is the one the reference library sorts by when it writes: wider types
/// compare greater, and the writer puts greater types first.
/// </summary>
public enum SafetensorsType
{
    /// <summary>One byte, 0 or 1. In files: <c>BOOL</c>.</summary>
    Bool,

    /// <summary>Unsigned integer, 1 byte.</summary>
    U8,

    /// <summary>Signed integer, 1 byte.</summary>
    I8,

    /// <summary>8-bit float, 5 exponent bits, 2 mantissa bits, with infinities. In files: <c>F8_E5M2</c>.</summary>
    F8E5M2,

    /// <summary>8-bit float, 4 exponent bits, 3 mantissa bits, no infinities (the FN form). In files: <c>F8_E4M3</c>.</summary>
    F8E4M3,

    /// <summary>Signed integer, 2 bytes.</summary>
    I16,

    /// <summary>Unsigned integer, 2 bytes.</summary>
    U16,

    /// <summary>IEEE 754 binary16, 2 bytes.</summary>
    F16,

    /// <summary>bfloat16, 2 bytes.</summary>
    BF16,

    /// <summary>Signed integer, 4 bytes.</summary>
    I32,

    /// <summary>Unsigned integer, 4 bytes.</summary>
    U32,

    /// <summary>IEEE 754 binary32, 4 bytes.</summary>
    F32,

    /// <summary>IEEE 754 binary64, 8 bytes.</summary>
    F64,

    /// <summary>Signed integer, 8 bytes.</summary>
    I64,

    /// <summary>Unsigned integer, 8 bytes.</summary>
    U64,
}
