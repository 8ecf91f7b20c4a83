using System.Text;

namespace Seriatim.Tokenizers;

/// <summary>Replaces a pattern by a text in every token.</summary>
internal sealed class ReplaceDecoder(TextPattern pattern, string content) : IDecoder
{
    /// <inheritdoc/>
    public DecodeStage CreateStage(DecodeStage next) =>
        pattern.SingleChar is { } single ? new CharStage(single, content, next) : new TokenStage(pattern, content, next);

    /// <inheritdoc/>
    public string TextOf(string piece) => pattern.Replace(piece, content);

    /// <summary>A single char can be replaced in whatever fragment it comes.</summary>
    private sealed class CharStage(char what, string content, DecodeStage next) : DecodeStage(next)
    {
        public override void Push(ReadOnlySpan<char> text, bool first, bool last)
        {
            if (text.Contains(what))
            {
                text = text.ToString().Replace(what.ToString(), content, StringComparison.Ordinal);
            }

            Next.Push(text, first, last);
        }
    }

    /// <summary>Anything longer waits for the whole token.</summary>
    private sealed class TokenStage(TextPattern pattern, string content, DecodeStage next) : DecodeStage(next)
    {
        private StringBuilder _token = new();

        public override void Push(ReadOnlySpan<char> text, bool first, bool last)
        {
            _token.Append(text);
            if (last)
            {
                Next.Push(pattern.Replace(_token.ToString(), content), true, true);
                _token.Clear();
            }
        }

        protected override void OwnBuffers() => _token = new StringBuilder().Append(_token);
    }
}
