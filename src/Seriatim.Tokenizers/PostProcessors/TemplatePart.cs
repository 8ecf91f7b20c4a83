namespace Seriatim.Tokenizers;

/// <summary>One part of a layout: a text, or special tokens.</summary>
/// <param name="Sequence">0 or 1 for a text, -1 for special tokens.</param>
/// <param name="Ids">The special tokens.</param>
/// <param name="TypeId">The segment number.</param>
internal sealed record TemplatePart(int Sequence, IReadOnlyList<int> Ids, int TypeId)
{
    /// <summary>A text.</summary>
    public static TemplatePart Text(int sequence, int typeId) => new(sequence, [], typeId);

    /// <summary>Special tokens.</summary>
    public static TemplatePart Special(IReadOnlyList<int> ids, int typeId) => new(-1, ids, typeId);
}
