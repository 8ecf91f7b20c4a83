namespace Seriatim.Tokenizers;

/// <summary>
/// Takes the visible space off the first piece that has text, as SentencePiece does: the one that encoding put in front; with
/// <c>all</c> one off every piece until there is text.
/// </summary>
internal sealed class SentencePieceDecoder(bool all) : IDecoder
{
    private const char Visible = '\u2581';

    /// <inheritdoc/>
    public DecodeStage CreateStage(DecodeStage next) => new Stage(all, next);

    private sealed class Stage(bool all, DecodeStage next) : DecodeStage(next)
    {
        private bool _open = true;

        public override void Push(ReadOnlySpan<char> text, bool first, bool last)
        {
            if (_open && text.Length > 0)
            {
                if (text[0] == Visible)
                {
                    text = text[1..];
                    _open = all;
                }

                _open &= text.Length == 0;
            }

            Next.Push(text, first, last);
        }
    }
}
