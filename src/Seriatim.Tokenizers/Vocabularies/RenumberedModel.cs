namespace Seriatim.Tokenizers;

/// <summary>A model whose pieces have other ids in another vocabulary; what that one does not have is unknown.</summary>
internal sealed class RenumberedModel : ITokenModel
{
    private readonly ITokenModel _inner;
    private readonly int[] _ids;

    /// <summary>Creates the model.</summary>
    public RenumberedModel(ITokenModel inner, Vocabulary vocabulary, int unkId)
    {
        (_inner, Vocabulary, UnkId) = (inner, vocabulary, unkId);
        _ids = new int[inner.Vocabulary.Size];
        for (int id = 0; id < _ids.Length; id++)
        {
            _ids[id] = id != inner.UnkId && inner.Vocabulary.TryGetPiece(id, out string? piece)
                && vocabulary.TryGetId(piece, out int other)
                ? other : unkId;
        }
    }

    /// <inheritdoc/>
    public Vocabulary Vocabulary { get; }

    /// <inheritdoc/>
    public int? UnkId { get; }

    /// <inheritdoc/>
    public void Tokenize(EncodeScratch scratch, int start, int end)
    {
        int first = scratch.Tokens.Count;
        _inner.Tokenize(scratch, start, end);
        scratch.Tokens.Renumber(first, _ids);
    }
}
