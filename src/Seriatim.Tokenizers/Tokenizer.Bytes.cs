using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Seriatim.Tokenizers;

/// <content>What a single token stands for.</content>
public sealed partial class Tokenizer
{
    /// <summary>
    /// The bytes (UTF-8) that a token stands for in the middle of a text: a token of byte-level BPE is often only part of a
    /// character, a byte token (<c>&lt;0xE4&gt;</c>) is one byte, a piece of SentencePiece its text with blanks for
    /// visible spaces, a piece of WordPiece its text without the mark of a continuation (the blank before a word is
    /// the decoder's), an added token its content.
    /// </summary>
    /// <remarks>
    /// All bytes of a text one after another are what <see cref="Decode(ReadOnlySpan{int}, bool)"/> makes of its tokens, but for
    /// what a decoder does at the ends (SentencePiece: the blank put in front) and between words (WordPiece).
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">The vocabulary has no such id.</exception>
    public byte[] BytesOf(int id) => TryGetBytes(id, out byte[]? bytes) ? bytes : throw NoSuchId(id);

    /// <summary>The bytes that a token stands for, see <see cref="BytesOf"/>; false if the vocabulary has no such id.</summary>
    public bool TryGetBytes(int id, [NotNullWhen(true)] out byte[]? bytes)
    {
        IDecoder decoder = _pipeline.Decoder;
        string? piece = id == UnkId && _pipeline.UnkSurface is { } surface ? surface : TryGetPiece(id);
        bytes = piece is null ? null
            : _added.TryGet(id, out _) ? Encoding.UTF8.GetBytes(piece)
            : decoder.BytesOf(piece) ?? Encoding.UTF8.GetBytes(decoder.TextOf(piece));
        return bytes is not null;
    }

    internal string? TryGetPiece(int id) => (uint)id < (uint)_pieces.Length ? _pieces[id] : null;
}
