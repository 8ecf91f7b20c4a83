namespace Seriatim.Tensors;

/// <summary>
/// Sixteen 32-bit sums, one for each output of a panel, and the instructions that add products of bytes to them: the trait that
/// <see cref="DotTile{T}"/> is written over. Integer sums are exact and every scaling is rounded the same way, so all
/// implementations give the same bits.
/// </summary>
internal unsafe interface IDotLanes<T>
    where T : struct, IDotLanes<T>
{
    /// <summary>Whether this machine has the instructions.</summary>
    static abstract bool IsSupported { get; }

    /// <summary>
    /// What <see cref="MultiplyAdd"/> takes from each code: 0, or 128 where the instruction multiplies signed bytes. The
    /// sums start at a value that makes up for it.
    /// </summary>
    static abstract int Offset { get; }

    /// <summary>All sums start at <paramref name="value"/>.</summary>
    static abstract T Start(int value);

    /// <summary>Codes of 4 inputs for 16 outputs: 64 bytes.</summary>
    static abstract T Load(byte* codes);

    /// <summary><c>sums + Σ_4 (code - Offset) · x</c> with the 4 signed bytes at <paramref name="x"/>.</summary>
    static abstract T MultiplyAdd(T sums, T codes, sbyte* x);

    /// <summary>
    /// <c>y = fma(scales · factor, (float)sums, y)</c> for 16 outputs, then <c>y = fma(minimums, sum, y)</c> unless
    /// <paramref name="minimums"/> is null.
    /// </summary>
    static abstract void AddScaled(T sums, float* scales, float factor, float* minimums, float sum, float* y);
}
