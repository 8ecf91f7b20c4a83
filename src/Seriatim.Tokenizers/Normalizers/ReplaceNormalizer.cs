namespace Seriatim.Tokenizers;

/// <summary>Replaces every match of a pattern by a text.</summary>
internal sealed class ReplaceNormalizer(TextPattern pattern, string content) : INormalizer
{
    /// <inheritdoc/>
    public void Normalize(AlignedText text)
    {
        if (pattern.SingleChar is { } single && content.Length == 1)
        {
            text.MutableSpan.Replace(single, content[0]);
            return;
        }

        var matches = new PieceList();
        pattern.FindAll(text.Span, matches);
        if (matches.Count == 0)
        {
            return;
        }

        text.BeginRewrite();
        int at = 0;
        foreach ((int start, int end) in matches.Span)
        {
            text.Keep(at, start);
            text.Emit(content, start, end);
            at = end;
        }

        text.Keep(at, text.Length);
        text.EndRewrite();
    }
}
