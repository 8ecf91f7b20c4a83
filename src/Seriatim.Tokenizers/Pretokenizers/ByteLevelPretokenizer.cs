namespace Seriatim.Tokenizers;

/// <summary>
/// Cuts with the pattern of GPT-2 (if <c>useRegex</c>) and spells every piece in the visible byte alphabet.
/// </summary>
internal sealed class ByteLevelPretokenizer(bool addPrefixSpace, bool useRegex) : IPretokenizer
{
    /// <inheritdoc/>
    public void Split(EncodeScratch scratch)
    {
        AlignedText text = scratch.Text;
        if (addPrefixSpace)
        {
            AddSpaces(scratch);
        }

        if (useRegex)
        {
            PieceList matches = scratch.Matches;
            ReadOnlySpan<char> span = text.Span;
            foreach ((int start, int end) in scratch.Pieces.Span)
            {
                matches.Clear();
                WordScanner.Gpt2.FindAll(span[start..end], matches);
                foreach ((int from, int to) in matches.Span)
                {
                    scratch.NextPieces.Add(start + from, start + to);
                }
            }

            scratch.SwapPieces();
        }

        text.BeginRewrite();
        foreach ((int start, int end) in scratch.Pieces.Span)
        {
            int from = text.RewrittenLength;
            text.EmitBytes(start, end);
            scratch.NextPieces.Add(from, text.RewrittenLength);
        }

        text.EndRewrite();
        scratch.SwapPieces();
    }

    private static void AddSpaces(EncodeScratch scratch)
    {
        AlignedText text = scratch.Text;
        text.BeginRewrite();
        foreach ((int start, int end) in scratch.Pieces.Span)
        {
            int from = text.RewrittenLength;
            if (text.Span[start] != ' ')
            {
                text.Emit(' ', start, start);
            }

            text.Keep(start, end);
            scratch.NextPieces.Add(from, text.RewrittenLength);
        }

        text.EndRewrite();
        scratch.SwapPieces();
    }
}
