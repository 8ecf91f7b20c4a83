namespace Seriatim.Inspection;

/// <summary>A token of a text.</summary>
/// <param name="Position">Its position.</param>
/// <param name="Id">Its id.</param>
/// <param name="Piece">What the vocabulary calls it.</param>
/// <param name="Text">The characters it stands for; empty for one that stands for none, or for a part of one.</param>
/// <param name="Bytes">Its bytes; empty for special tokens.</param>
/// <param name="IsSpecial">Whether it is a special token.</param>
public sealed record TextToken(int Position, int Id, string Piece, string Text, IReadOnlyList<byte> Bytes, bool IsSpecial);
