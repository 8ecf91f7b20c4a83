namespace Seriatim.Tokenizers;

/// <summary>Makes blanks visible, perhaps puts one in front, and cuts before each.</summary>
internal sealed class MetaspacePretokenizer(char replacement, PrependScheme scheme, bool split) : IPretokenizer
{
    /// <inheritdoc/>
    public void Split(EncodeScratch scratch)
    {
        AlignedText text = scratch.Text;
        text.MutableSpan.Replace(' ', replacement);
        if (scheme != PrependScheme.Never)
        {
            Prepend(scratch);
        }

        if (!split)
        {
            return;
        }

        // The visible space is merged with what follows; of several in a row each but the last is a piece by itself.
        ReadOnlySpan<char> span = text.Span;
        foreach ((int start, int end) in scratch.Pieces.Span)
        {
            int from = start;
            while (from < end)
            {
                int next = span[(from + 1)..end].IndexOf(replacement);
                int to = next < 0 ? end : from + 1 + next;
                scratch.NextPieces.Add(from, to);
                from = to;
            }
        }

        scratch.SwapPieces();
    }

    private void Prepend(EncodeScratch scratch)
    {
        AlignedText text = scratch.Text;
        text.BeginRewrite();
        foreach ((int start, int end) in scratch.Pieces.Span)
        {
            int from = text.RewrittenLength;
            bool here = scheme == PrependScheme.Always || (start == 0 && text.Origin == 0);
            if (here && text.Span[start] != replacement)
            {
                text.Emit(replacement, start, start);
            }

            text.Keep(start, end);
            scratch.NextPieces.Add(from, text.RewrittenLength);
        }

        text.EndRewrite();
        scratch.SwapPieces();
    }
}
