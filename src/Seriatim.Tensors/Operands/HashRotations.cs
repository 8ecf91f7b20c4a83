namespace Seriatim.Tensors;

/// <summary>
/// Random directions by which rows are hashed: the bucket of a row in a round is the direction, or its opposite, that it points
/// into most (Andoni et al., 2015; Kitaev et al., 2020: Reformer, section 2).
/// </summary>
public sealed class HashRotations
{
    private readonly float[] _values;

    /// <summary>Takes values over.</summary>
    /// <param name="heads">Heads, H.</param>
    /// <param name="headDim">Features of a head, D.</param>
    /// <param name="rounds">Rounds of hashing, R.</param>
    /// <param name="directions">Directions of each round: half of the (sum of the factors of the) number of buckets.</param>
    /// <param name="values"><c>[H, D, R, directions]</c>.</param>
    /// <exception cref="ShapeMismatchException">There are more values or fewer.</exception>
    public HashRotations(int heads, int headDim, int rounds, int directions, float[] values)
    {
        ArgumentNullException.ThrowIfNull(values);
        ShapeMismatchException.Require(heads > 0 && headDim > 0 && rounds > 0 && directions > 0, "HashRotations", "the shape",
            $"{heads} heads x {headDim} x {rounds} rounds x {directions}", $"at least 1 x 1 x 1 x 1");
        ShapeMismatchException.Require((long)heads * headDim * rounds * directions == values.Length, "HashRotations",
            "the values", $"{values.Length}", $"{heads} heads x {headDim} x {rounds} rounds x {directions} directions");
        (Heads, HeadDim, Rounds, Directions, _values) = (heads, headDim, rounds, directions, values);
    }

    /// <summary>Heads, H.</summary>
    public int Heads { get; }

    /// <summary>Features of a head, D.</summary>
    public int HeadDim { get; }

    /// <summary>Rounds of hashing, R.</summary>
    public int Rounds { get; }

    /// <summary>Directions of each round.</summary>
    public int Directions { get; }

    /// <summary>The values, <c>[H, D, R, directions]</c>.</summary>
    public ReadOnlySpan<float> Values => _values;

    /// <summary>The values that belong to a feature of a head: <c>[R, directions]</c>.</summary>
    internal ReadOnlySpan<float> Of(int head, int feature) =>
        _values.AsSpan((head * HeadDim + feature) * Rounds * Directions, Rounds * Directions);
}

/// <summary>Rows that are hashed into the same number of buckets.</summary>
/// <param name="FirstRow">First row.</param>
/// <param name="Rows">Number of rows.</param>
/// <param name="Factors">
/// Even numbers whose product is the number of buckets; each has directions of its own, in their order.
/// </param>
public sealed record HashRange(int FirstRow, int Rows, IReadOnlyList<int> Factors);
