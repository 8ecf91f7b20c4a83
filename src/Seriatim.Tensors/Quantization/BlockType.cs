namespace Seriatim.Tensors;

/// <summary>
/// The quantised block formats that weights may be stored in: integer codes with shared scales. The names and the bytes are those
/// of ggml. Sizes and conversions: <see cref="BlockFormats"/>.
/// </summary>
public enum BlockType
{
    /// <summary>8 bits and a scale for 32 values; 8.5 bits a value.</summary>
    Q8_0,

    /// <summary>4 bits and a scale for 32 values; 4.5 bits a value.</summary>
    Q4_0,

    /// <summary>4 bits, a scale and a minimum for 32 values; 5 bits a value.</summary>
    Q4_1,

    /// <summary>5 bits and a scale for 32 values; 5.5 bits a value.</summary>
    Q5_0,

    /// <summary>5 bits, a scale and a minimum for 32 values; 6 bits a value.</summary>
    Q5_1,

    /// <summary>2 bits in super-blocks of 256, a 4-bit scale and minimum for each 16; 2.625 bits a value.</summary>
    Q2_K,

    /// <summary>3 bits in super-blocks of 256, a 6-bit scale for each 16; 3.4375 bits a value.</summary>
    Q3_K,

    /// <summary>4 bits in super-blocks of 256, a 6-bit scale and minimum for each 32; 4.5 bits a value.</summary>
    Q4_K,

    /// <summary>5 bits in super-blocks of 256, a 6-bit scale and minimum for each 32; 5.5 bits a value.</summary>
    Q5_K,

    /// <summary>6 bits in super-blocks of 256, an 8-bit scale for each 16; 6.5625 bits a value.</summary>
    Q6_K,

    /// <summary>4 bits into a table of unequal steps, a scale for 32 values; 4.5 bits a value.</summary>
    IQ4_NL,

    /// <summary>
    /// 4 bits into a table of unequal steps in super-blocks of 256, a 6-bit scale for each 32; 4.25 bits a value.
    /// </summary>
    IQ4_XS,

    /// <summary>Ternary, five values in a byte, a scale for 256; 1.6875 bits a value.</summary>
    TQ1_0,

    /// <summary>Ternary, 2 bits each, a scale for 256; 2.0625 bits a value.</summary>
    TQ2_0,

    /// <summary>4-bit floats and a power of two for 32 values (OCP Microscaling); 4.25 bits a value.</summary>
    MXFP4,

    /// <summary>
    /// 4-bit floats and an 8-bit float for each 16 of 64 values; 4.5 bits a value. Small: scales hold up to 448.
    /// </summary>
    NVFP4,

    /// <summary>
    /// Ternary points of a code book, shifted by an eighth, a 3-bit scale for each 32 of 256; 1.5625 bits a value.
    /// </summary>
    IQ1_S,

    /// <summary>The same with a shift for each 8 and a scale for each 16; 1.75 bits a value.</summary>
    IQ1_M,

    /// <summary>
    /// Points of a code book of 256, 7 signs for 8 values, a 4-bit scale for each 32 of 256; 2.0625 bits a value.
    /// </summary>
    IQ2_XXS,

    /// <summary>
    /// Points of a code book of 512, 7 signs for 8 values, a 4-bit scale for each 16 of 256; 2.3125 bits a value.
    /// </summary>
    IQ2_XS,

    /// <summary>Points of a code book of 1024, a sign each, a 4-bit scale for each 16 of 256; 2.5625 bits a value.</summary>
    IQ2_S,

    /// <summary>
    /// Points of 4 of a code book of 256, 7 signs for 8 values, a 4-bit scale for each 32; 3.0625 bits a value.
    /// </summary>
    IQ3_XXS,

    /// <summary>Points of 4 of a code book of 512, a sign each, a 4-bit scale for each 32 of 256; 3.4375 bits a value.</summary>
    IQ3_S,
}
