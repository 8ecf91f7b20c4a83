namespace Seriatim.Tokenizers;

/// <summary>
/// Takes up to <c>start</c> chars equal to <c>content</c> off the front of every token and up to <c>stop</c> off its end.
/// </summary>
internal sealed class StripDecoder(char content, int start, int stop) : IDecoder
{
    /// <inheritdoc/>
    public DecodeStage CreateStage(DecodeStage next) => new Stage(content, start, stop, next);

    private sealed class Stage(char content, int start, int stop, DecodeStage next) : DecodeStage(next)
    {
        private int _toStrip;
        private int _held;

        public override void Push(ReadOnlySpan<char> text, bool first, bool last)
        {
            if (first)
            {
                _toStrip = start;
                _held = 0;
            }

            while (_toStrip > 0 && text.Length > 0)
            {
                if (text[0] != content)
                {
                    _toStrip = 0;
                    break;
                }

                text = text[1..];
                _toStrip--;
            }

            if (stop == 0)
            {
                Next.Push(text, first, last);
                return;
            }

            // What might be stripped at the end of the token is held back until more text or the end comes.
            ReadOnlySpan<char> body = text.TrimEnd(content);
            bool begins = first;
            if (body.Length > 0)
            {
                begins = Release(_held, begins);
                _held = 0;
                Next.Push(body, begins, false);
                begins = false;
            }

            _held += text.Length - body.Length;
            if (last)
            {
                begins = Release(Math.Max(0, _held - stop), begins);
                _held = 0;
                Next.Push([], begins, true);
            }
            else if (begins)
            {
                Next.Push([], true, false);
            }
        }

        private bool Release(int count, bool begins)
        {
            if (count == 0)
            {
                return begins;
            }

            Next.Push(new string(content, count), begins, false);
            return false;
        }
    }
}
