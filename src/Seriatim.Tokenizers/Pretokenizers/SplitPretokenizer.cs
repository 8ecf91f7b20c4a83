namespace Seriatim.Tokenizers;

/// <summary>Cuts at the matches of a pattern.</summary>
internal sealed class SplitPretokenizer(TextPattern pattern, SplitBehavior behavior, bool invert) : IPretokenizer
{
    /// <inheritdoc/>
    public void Split(EncodeScratch scratch)
    {
        PieceList matches = scratch.Matches;
        ReadOnlySpan<char> text = scratch.Text.Span;
        foreach ((int start, int end) in scratch.Pieces.Span)
        {
            matches.Clear();
            pattern.FindAll(text[start..end], matches);
            Splitter.Cut(matches, start, end, behavior, invert, scratch.NextPieces);
        }

        scratch.SwapPieces();
    }
}
