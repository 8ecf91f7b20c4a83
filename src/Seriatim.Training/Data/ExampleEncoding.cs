namespace Seriatim.Training;

/// <summary>How an example becomes ids.</summary>
/// <param name="AddSpecialTokens">Whether the tokenizer adds what its post-processor says.</param>
/// <param name="AppendEos">An id put after every source and target that does not end with it; null: none.</param>
public sealed record ExampleEncoding(bool AddSpecialTokens, int? AppendEos = null)
{
    /// <summary>Encodes a text. What looks like a special token in it is plain text.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="text">The text.</param>
    public int[] Encode(Tokenizer tokenizer, string text)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        int[] ids = tokenizer.Encode(text, EncodeOptions.PlainText with { AddSpecialTokens = AddSpecialTokens });
        return AppendEos is { } eos && (ids.Length == 0 || ids[^1] != eos) ? [.. ids, eos] : ids;
    }
}
