namespace Seriatim.Tensors;

/// <summary>
/// A format whose codes are points of a code book: its groups have scales <c>g = 2 s + 1</c>, and what is near depends on signs
/// and shifts that several values share.
/// </summary>
internal unsafe interface ICodeBookFormat : IBlockFormat
{
    /// <summary>The largest s of a group.</summary>
    static abstract int LargestStep { get; }

    /// <summary>Levels at which the largest value of a group may be put.</summary>
    static abstract ReadOnlySpan<float> Tops { get; }

    /// <summary>Codes of a group of values in units of the levels.</summary>
    /// <param name="values">The values.</param>
    /// <param name="codes">Takes their codes.</param>
    /// <returns>The squared error.</returns>
    static abstract double Choose(ReadOnlySpan<float> values, byte* codes);
}
