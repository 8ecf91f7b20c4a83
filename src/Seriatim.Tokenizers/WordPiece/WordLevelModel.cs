namespace Seriatim.Tokenizers;

/// <summary>Every piece is a token or unknown.</summary>
internal sealed class WordLevelModel(Vocabulary vocabulary, int? unkId) : ITokenModel
{
    /// <inheritdoc/>
    public Vocabulary Vocabulary => vocabulary;

    /// <inheritdoc/>
    public int? UnkId => unkId;

    /// <inheritdoc/>
    public void Tokenize(EncodeScratch scratch, int start, int end)
    {
        if ((vocabulary.TryGetId(scratch.Text.Span[start..end], out int id) ? id : unkId) is { } token)
        {
            scratch.Tokens.Add(token, scratch.Text, start, end);
        }
    }
}
