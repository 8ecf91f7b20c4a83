namespace Seriatim.Tokenizers;

/// <summary>The <c>BPEDecoder</c>: the end-of-word suffix becomes a blank, and nothing in the last token.</summary>
internal sealed class SuffixDecoder(string suffix) : IDecoder
{
    /// <inheritdoc/>
    public DecodeStage CreateStage(DecodeStage next) => new Stage(suffix, next);

    /// <inheritdoc/>
    public string TextOf(string piece) => suffix.Length == 0 ? piece : piece.Replace(suffix, " ", StringComparison.Ordinal);

    private sealed class Stage(string suffix, DecodeStage next) : DecodeStage(next)
    {
        private string _token = "";
        private string? _tail;

        public override void Push(ReadOnlySpan<char> text, bool first, bool last)
        {
            _token = string.Concat(_token, text);
            if (!last)
            {
                return;
            }

            if (_tail is not null)
            {
                Next.Push(_tail.Replace(suffix, " ", StringComparison.Ordinal), true, true);
            }

            // Text up to the first suffix is certain; the rest depends on whether this is the last token.
            int at = suffix.Length == 0 ? -1 : _token.IndexOf(suffix, StringComparison.Ordinal);
            Next.Push(at < 0 ? _token : _token.AsSpan(0, at), true, true);
            _tail = at < 0 ? null : _token[at..];
            _token = "";
        }

        public override void Finish()
        {
            if (_tail is not null)
            {
                Next.Push(_tail.Replace(suffix, "", StringComparison.Ordinal), true, true);
            }

            Next.Finish();
        }
    }
}
