namespace Seriatim.Tokenizers;

/// <summary>
/// Turns the visible space back into a blank. If encoding put one in front (<c>stripFirst</c>), one is taken off the front of the
/// first token.
/// </summary>
internal sealed class MetaspaceDecoder(char replacement, bool stripFirst) : IDecoder
{
    /// <inheritdoc/>
    public DecodeStage CreateStage(DecodeStage next) => new Stage(replacement, stripFirst, next);

    /// <inheritdoc/>
    public string TextOf(string piece) => piece.Replace(replacement, ' ');

    private sealed class Stage(char replacement, bool stripFirst, DecodeStage next) : DecodeStage(next)
    {
        private bool _strip = stripFirst;

        public override void Push(ReadOnlySpan<char> text, bool first, bool last)
        {
            if (_strip && text.Length > 0)
            {
                _strip = false;
                if (text[0] == replacement)
                {
                    text = text[1..];
                }
            }

            Next.Push(text.Contains(replacement) ? text.ToString().Replace(replacement, ' ') : text, first, last);
        }
    }
}
