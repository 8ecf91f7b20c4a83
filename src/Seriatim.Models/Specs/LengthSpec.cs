namespace Seriatim.Models;

/// <summary>
/// How a model that writes a target at once finds the target's length: <c>table · features</c>, a class a length.
/// </summary>
/// <param name="Source">Where the features come from.</param>
/// <param name="Classes">Rows of the table.</param>
/// <param name="Longest">The longest target.</param>
public sealed record LengthSpec(LengthSource Source, int Classes, int Longest)
{
    /// <summary>The shortest target.</summary>
    public const int Shortest = 2;

    /// <summary>
    /// Whether class c says <c>c - Classes / 2 + (length of the source)</c>; else c is the length itself.
    /// </summary>
    public bool IsOffset { get; init; }

    /// <summary>
    /// Whether further candidates are the lengths around the most probable one; else they are the next most probable ones.
    /// </summary>
    public bool TriesNeighbours { get; init; }

    /// <summary>Classes from 0 on that cannot be: their logits do not count.</summary>
    public int Excluded { get; init; }

    /// <summary>The length that a class means, between the shortest and the longest.</summary>
    /// <param name="lengthClass">The class.</param>
    /// <param name="source">Length of the source.</param>
    public int LengthOf(int lengthClass, int source) =>
        Clamp(IsOffset ? lengthClass - Classes / 2 + source : lengthClass);

    /// <summary>The class of a length: what the model learns.</summary>
    /// <param name="length">Length of the target.</param>
    /// <param name="source">Length of the source.</param>
    public int ClassOf(int length, int source) =>
        Math.Clamp(IsOffset ? length - source + Classes / 2 : length, Excluded, Classes - 1);

    /// <summary>The nearest length that can be.</summary>
    /// <param name="length">A length.</param>
    public int Clamp(int length) => Math.Clamp(length, Shortest, Math.Max(Shortest, Longest));
}
