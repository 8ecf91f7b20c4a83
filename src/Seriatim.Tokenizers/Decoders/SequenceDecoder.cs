namespace Seriatim.Tokenizers;

/// <summary>Decoders one after another.</summary>
internal sealed class SequenceDecoder(IReadOnlyList<IDecoder> decoders) : IDecoder
{
    /// <inheritdoc/>
    public byte[]? BytesOf(string piece)
    {
        foreach (IDecoder decoder in decoders)
        {
            if (decoder.BytesOf(piece) is { } bytes)
            {
                return bytes;
            }

            piece = decoder.TextOf(piece);
        }

        return null;
    }

    /// <inheritdoc/>
    public string TextOf(string piece) => decoders.Aggregate(piece, (text, decoder) => decoder.TextOf(text));

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
