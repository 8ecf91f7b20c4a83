namespace Seriatim.Tokenizers;

/// <summary>Joins tokens with blanks: what a <c>tokenizer.json</c> without decoder means.</summary>
internal sealed class JoinDecoder : IDecoder
{
    /// <inheritdoc/>
    public DecodeStage CreateStage(DecodeStage next) => new Stage(next);

    private sealed class Stage(DecodeStage next) : DecodeStage(next)
    {
        private bool _begun;

        public override void Push(ReadOnlySpan<char> text, bool first, bool last)
        {
            if (first && _begun)
            {
                Next.Push(" ", true, true);
            }

            _begun = true;
            Next.Push(text, first, last);
        }
    }
}
