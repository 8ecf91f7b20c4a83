namespace Seriatim.Tokenizers;

/// <summary>Decoders one after another.</summary>
internal sealed class SequenceDecoder(IReadOnlyList<IDecoder> decoders) : IDecoder
{
    /// <inheritdoc/>
    public DecodeStage CreateStage(DecodeStage next)
    {
        for (int i = decoders.Count - 1; i >= 0; i--)
        {
            next = decoders[i].CreateStage(next);
        }

        return next;
    }
}
