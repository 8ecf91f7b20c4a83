namespace Seriatim.Tensors;

/// <summary>
/// How keys and values are kept in a <see cref="KeyValuePool"/>. Attention computes in F32 with what
/// was stored, in the step that stores it too.
/// </summary>
public enum KeyValueType
{
    /// <summary>IEEE 754 binary32: as they were computed.</summary>
    F32,

    /// <summary>IEEE 754 binary16, rounded to nearest even: half the memory. Magnitudes above 65,504 become infinite.</summary>
    F16,

    /// <summary>
    /// Blocks of 32 features of a head with one binary16 scale and 8-bit integers, as llama.cpp's Q8_0: a good quarter of the
    /// memory, and errors of up to 1/254 of the largest feature of a block.
    /// </summary>
    Q8,
}
