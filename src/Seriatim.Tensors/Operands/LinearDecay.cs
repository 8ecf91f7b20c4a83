namespace Seriatim.Tensors;

/// <summary>
/// By what factor each head of a linear recurrence forgets from row to row: the same for all rows (retention; Sun et al., 2023),
/// or one of each row (selective state spaces; Dao and Gu, 2024: Mamba-2).
/// </summary>
public readonly struct LinearDecay
{
    private readonly float[]? _factors;

    private LinearDecay(float[]? factors, Tensor? logs) => (_factors, Logs) = (factors, logs);

    /// <summary>Logarithms of the factors, <c>[N, H]</c>; null if they are the same for all rows.</summary>
    public Tensor? Logs { get; }

    /// <summary>Number of heads, H.</summary>
    public int Heads => _factors?.Length ?? Logs?.Columns ?? 0;

    /// <summary>The same factors for all rows.</summary>
    /// <param name="factors">One of each head.</param>
    public static LinearDecay Constant(ReadOnlySpan<float> factors)
    {
        // Kernels read them in place.
        float[] own = GC.AllocateUninitializedArray<float>(factors.Length, pinned: true);
        factors.CopyTo(own);
        return new LinearDecay(own, null);
    }

    /// <summary>Factors of each row.</summary>
    /// <param name="logs">Their logarithms, <c>[N, H]</c>: not above 0, or states grow without bound.</param>
    public static LinearDecay OfRows(Tensor logs) => new(null, logs);

    /// <summary>The constant factors; the array is pinned.</summary>
    internal float[]? Factors => _factors;
}
