namespace Seriatim.Tokenizers;

/// <summary>Makes all tokens one: what follows sees a single token that ends with the text.</summary>
internal sealed class FuseDecoder : IDecoder
{
    /// <inheritdoc/>
    public DecodeStage CreateStage(DecodeStage next) => new Stage(next);

    private sealed class Stage(DecodeStage next) : DecodeStage(next)
    {
        private bool _begun;

        public override void Push(ReadOnlySpan<char> text, bool first, bool last)
        {
            Next.Push(text, !_begun, false);
            _begun = true;
        }

        public override void Finish()
        {
            if (_begun)
            {
                Next.Push([], false, true);
            }

            Next.Finish();
        }
    }
}
