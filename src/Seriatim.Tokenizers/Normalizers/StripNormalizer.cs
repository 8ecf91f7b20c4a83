namespace Seriatim.Tokenizers;

/// <summary>Strips white space off the ends of the text.</summary>
internal sealed class StripNormalizer(bool left, bool right) : INormalizer
{
    /// <inheritdoc/>
    public void Normalize(AlignedText text)
    {
        int start = 0;
        int end = text.Length;
        while (left && start < end && char.IsWhiteSpace(text.Span[start]))
        {
            start++;
        }

        while (right && end > start && char.IsWhiteSpace(text.Span[end - 1]))
        {
            end--;
        }

        if (start > 0 || end < text.Length)
        {
            text.BeginRewrite();
            text.Keep(start, end);
            text.EndRewrite();
        }
    }
}
