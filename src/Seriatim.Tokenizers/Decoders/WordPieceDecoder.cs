namespace Seriatim.Tokenizers;

/// <summary>
/// Puts a blank before every token that begins a word and takes the prefix off the others; <c>cleanup</c> closes up the blanks
/// before punctuation and English contractions.
/// </summary>
internal sealed class WordPieceDecoder(string prefix, bool cleanup) : IDecoder
{
    private static readonly (string From, string To)[] Cleanups =
    [
        (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"),
        (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
    ];

    /// <inheritdoc/>
    public DecodeStage CreateStage(DecodeStage next) => new Stage(prefix, cleanup, next);

    /// <inheritdoc/>
    public string TextOf(string piece) =>
        prefix.Length > 0 && piece.StartsWith(prefix, StringComparison.Ordinal) ? piece[prefix.Length..] : piece;

    private sealed class Stage(string prefix, bool cleanup, DecodeStage next) : DecodeStage(next)
    {
        private string _token = "";
        private bool _begun;

        public override void Push(ReadOnlySpan<char> text, bool first, bool last)
        {
            _token = string.Concat(_token, text);
            if (!last)
            {
                return;
            }

            string token = _token;
            _token = "";
            if (_begun)
            {
                token = prefix.Length > 0 && token.StartsWith(prefix, StringComparison.Ordinal)
                    ? token[prefix.Length..] : " " + token;
            }

            if (cleanup)
            {
                foreach ((string from, string to) in Cleanups)
                {
                    token = token.Replace(from, to, StringComparison.Ordinal);
                }
            }

            _begun = true;
            Next.Push(token, true, true);
        }
    }
}
