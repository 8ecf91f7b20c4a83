namespace Seriatim.Training;

/// <summary>The special ids that a tokenizer puts around a text, for example <c>[CLS]</c> and <c>[SEP]</c>.</summary>
/// <param name="Before">Ids before the text.</param>
/// <param name="After">Ids after it.</param>
public sealed record SequenceFrame(IReadOnlyList<int> Before, IReadOnlyList<int> After)
{
    /// <summary>No special ids.</summary>
    public static SequenceFrame None { get; } = new([], []);

    /// <summary>Ids of the frame.</summary>
    public int Length => Before.Count + After.Count;

    /// <summary>What a tokenizer puts around every text.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <exception cref="ArgumentException">It changes the ids of the text itself, so it has no frame.</exception>
    public static SequenceFrame Of(Tokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        int[] bare = tokenizer.Encode("a", EncodeOptions.PlainText with { AddSpecialTokens = false });
        int[] framed = tokenizer.Encode("a", EncodeOptions.PlainText with { AddSpecialTokens = true });
        int at = framed.AsSpan().IndexOf(bare);
        return at >= 0
            ? new SequenceFrame(framed[..at], framed[(at + bare.Length)..])
            : throw new ArgumentException(
                $"The tokenizer makes [{string.Join(", ", framed)}] of \"a\" with special tokens and [{string.Join(", ", bare)}] "
                    + "without: what it adds is not a frame around the text.");
    }

    /// <summary>The ids with the frame around them.</summary>
    public int[] Around(ReadOnlySpan<int> ids) => [.. Before, .. ids, .. After];
}
