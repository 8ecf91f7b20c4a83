namespace Seriatim.Tokenizers;

/// <summary>
/// What SentencePiece does to blanks: perhaps trims them and merges runs of them, puts one in front (or at the end), and makes
/// them visible.
/// </summary>
internal sealed class SpaceNormalizer(bool add, bool atEnd, bool merge) : INormalizer
{
    private const char Visible = '\u2581';

    /// <inheritdoc/>
    public void Normalize(AlignedText text)
    {
        // Only blanks are trimmed and merged, not visible ones that stood in the text; but at the end those go as well.
        bool vanished = text.Length == 0;
        int start = 0;
        int end = text.Length;
        while (merge && start < end && text.Span[start] == ' ')
        {
            start++;
        }

        while (merge && end > start && text.Span[end - 1] is ' ' or Visible)
        {
            end--;
        }

        text.BeginRewrite();
        if (end > start || !merge || (vanished && atEnd))
        {
            if (add && !atEnd)
            {
                text.Emit(Visible, start, start);
            }

            Keep(text, start, end);
            if (add && atEnd)
            {
                text.Emit(Visible, end, end);
            }
        }

        text.EndRewrite();
        text.MutableSpan.Replace(' ', Visible);
    }

    private void Keep(AlignedText text, int start, int end)
    {
        int from = start;
        for (int i = start; merge && i < end; i++)
        {
            if (text.Span[i] != ' ')
            {
                continue;
            }

            int run = i;
            while (run < end && text.Span[run] == ' ')
            {
                run++;
            }

            if (run - i > 1)
            {
                text.Keep(from, i);
                text.Emit(Visible, i, run);
                from = run;
            }

            i = run - 1;
        }

        text.Keep(from, end);
    }
}
