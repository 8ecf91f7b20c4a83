namespace Seriatim.Models;

/// <summary>Where the quantised matrices of a GGUF file lie while the model is used. Results are the same bits.</summary>
public enum WeightPlacement
{
    /// <summary>Repacked into memory once, in the order in which products read them: the fastest.</summary>
    Packed,

    /// <summary>
    /// Used in the mapped file: the model opens at once and takes no memory of its own, but products are slower.
    /// </summary>
    Mapped,
}
