namespace Seriatim.Tensors;

/// <summary>Where the blocks of a quantised matrix lie while it is used. Results are the same bits for all of them.</summary>
public enum QuantizedPlacement
{
    /// <summary>
    /// Copied once into panels of 16 outputs, in the order in which products read them: the
    /// fastest. Takes the memory of the file again.
    /// </summary>
    Packed,

    /// <summary>Copied as they are, row after row: for tables that are only looked up.</summary>
    Rows,

    /// <summary>
    /// Used where they are (as a rule in a mapped file): no memory and no time to load, but products are slower.
    /// </summary>
    Mapped,
}
