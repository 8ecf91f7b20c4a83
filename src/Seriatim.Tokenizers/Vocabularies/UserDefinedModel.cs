namespace Seriatim.Tokenizers;

/// <summary>
/// A model whose user-defined pieces are cut out first, the longest at every place, and never merge with anything: what
/// SentencePiece calls frozen.
/// </summary>
internal sealed class UserDefinedModel(ITokenModel inner, PieceTrie symbols) : ITokenModel
{
    /// <inheritdoc/>
    public Vocabulary Vocabulary => inner.Vocabulary;

    /// <inheritdoc/>
    public int? UnkId => inner.UnkId;

    /// <inheritdoc/>
    public void Tokenize(EncodeScratch scratch, int start, int end)
    {
        int begun = start;
        for (int at = start; at < end;)
        {
            int length = symbols.LongestMatch(scratch.Text.Span[at..end], out int id);
            if (length == 0)
            {
                at++;
                continue;
            }

            if (at > begun)
            {
                inner.Tokenize(scratch, begun, at);
            }

            scratch.Tokens.Add(id, scratch.Text, at, at + length);
            at += length;
            begun = at;
        }

        if (end > begun)
        {
            inner.Tokenize(scratch, begun, end);
        }
    }
}
