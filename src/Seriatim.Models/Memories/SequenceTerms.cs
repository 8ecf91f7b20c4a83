namespace Seriatim.Models;

/// <summary>
/// What holds for a sequence from its first row to its last, because its keys and values were made under it. Belongs to the
/// memory of the sequence; sequences may share pages only under the same terms.
/// </summary>
public sealed record SequenceTerms
{
    /// <summary>No length declared, positions as the model has them, the whole past in sight.</summary>
    public static SequenceTerms None { get; } = new();

    /// <summary>
    /// The most positions the sequence may ever reach; null: not said. Rotary scalings that depend on the length (dynamic NTK,
    /// longrope) follow from this number alone, so that results do not depend on how the sequence was cut into steps.
    /// </summary>
    public int? DeclaredLength { get; init; }

    /// <summary>Other rotary positions than those of the config; null: those.</summary>
    public RopeChange? Rope { get; init; }

    /// <summary>What the sequence remembers at most; null: everything that the layers see.</summary>
    public AttentionWindow? Window { get; init; }

    /// <summary>
    /// The adapter of the model whose additions to the weights hold for the rows of the sequence; null: none, the model as it is.
    /// </summary>
    public string? Adapter { get; init; }

    internal PositionSpec.Rope RopeOf(PositionSpec.Rope rope) => Rope?.Of(rope) ?? rope;

    /// <summary>The length that rotary scalings follow from: rows never stand further apart than a window.</summary>
    /// <param name="length">Length of the sequence if none is declared.</param>
    internal int RopeLength(int length) => (int)Math.Min(DeclaredLength ?? length, Window?.Positions ?? int.MaxValue);
}
