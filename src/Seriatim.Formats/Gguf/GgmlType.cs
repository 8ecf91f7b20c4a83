namespace Seriatim.Formats;

/// <summary>
/// How ggml stores the values of a tensor. The numbers are those of the file format. Types removed from the format (4, 5, 31 to
/// 33, 36 to 38) are left out. Sizes: <see cref="GgmlTypes"/>. Source: ggml, <c>docs/gguf.md</c> and <c>ggml.h</c>.
/// </summary>
public enum GgmlType
{
    /// <summary>IEEE 754 binary32.</summary>
    F32 = 0,

    /// <summary>IEEE 754 binary16.</summary>
    F16 = 1,

    /// <summary>4 bits and a scale for 32 values.</summary>
    Q4_0 = 2,

    /// <summary>4 bits, a scale and a minimum for 32 values.</summary>
    Q4_1 = 3,

    /// <summary>5 bits and a scale for 32 values.</summary>
    Q5_0 = 6,

    /// <summary>5 bits, a scale and a minimum for 32 values.</summary>
    Q5_1 = 7,

    /// <summary>8 bits and a scale for 32 values.</summary>
    Q8_0 = 8,

    /// <summary>8 bits, a scale and a sum for 32 values; for activations, hardly ever in files.</summary>
    Q8_1 = 9,

    /// <summary>2 bits in super-blocks of 256.</summary>
    Q2_K = 10,

    /// <summary>3 bits in super-blocks of 256.</summary>
    Q3_K = 11,

    /// <summary>4 bits in super-blocks of 256.</summary>
    Q4_K = 12,

    /// <summary>5 bits in super-blocks of 256.</summary>
    Q5_K = 13,

    /// <summary>6 bits in super-blocks of 256.</summary>
    Q6_K = 14,

    /// <summary>8 bits in blocks of 256 with sums; for activations, hardly ever in files.</summary>
    Q8_K = 15,

    /// <summary>About 2.06 bits, code book, blocks of 256.</summary>
    IQ2_XXS = 16,

    /// <summary>About 2.31 bits, code book, blocks of 256.</summary>
    IQ2_XS = 17,

    /// <summary>About 3.06 bits, code book, blocks of 256.</summary>
    IQ3_XXS = 18,

    /// <summary>About 1.56 bits, code book, blocks of 256.</summary>
    IQ1_S = 19,

    /// <summary>4 bits into a table of unequal steps, blocks of 32.</summary>
    IQ4_NL = 20,

    /// <summary>About 3.44 bits, code book, blocks of 256.</summary>
    IQ3_S = 21,

    /// <summary>About 2.56 bits, code book, blocks of 256.</summary>
    IQ2_S = 22,

    /// <summary>4 bits into a table of unequal steps, super-blocks of 256.</summary>
    IQ4_XS = 23,

    /// <summary>Signed integer, 1 byte.</summary>
    I8 = 24,

    /// <summary>Signed integer, 2 bytes.</summary>
    I16 = 25,

    /// <summary>Signed integer, 4 bytes.</summary>
    I32 = 26,

    /// <summary>Signed integer, 8 bytes.</summary>
    I64 = 27,

    /// <summary>IEEE 754 binary64.</summary>
    F64 = 28,

    /// <summary>About 1.75 bits, code book, blocks of 256.</summary>
    IQ1_M = 29,

    /// <summary>bfloat16.</summary>
    BF16 = 30,

    /// <summary>Ternary, packed five to a byte, blocks of 256.</summary>
    TQ1_0 = 34,

    /// <summary>Ternary, 2 bits each, blocks of 256.</summary>
    TQ2_0 = 35,

    /// <summary>4-bit floats with one power-of-two scale for 32 values (OCP microscaling).</summary>
    MXFP4 = 39,

    /// <summary>4-bit floats with an 8-bit float scale for each 16 of 64 values.</summary>
    NVFP4 = 40,

    /// <summary>1 bit and a scale for 128 values.</summary>
    Q1_0 = 41,

    /// <summary>2 bits and a scale for 64 values.</summary>
    Q2_0 = 42,
}
