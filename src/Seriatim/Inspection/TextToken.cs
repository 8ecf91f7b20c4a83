namespace Seriatim.Inspection;

/// <summary>A token of a text.</summary>
public sealed record TextToken
{
    internal TextToken(int position, int id, string piece, string text, IReadOnlyList<byte> bytes, bool isSpecial) =>
        (Position, Id, Piece, Text, Bytes, IsSpecial) = (position, id, piece, text, bytes, isSpecial);

    /// <summary>Its position.</summary>
    public int Position { get; }

    /// <summary>Its id.</summary>
    public int Id { get; }

    /// <summary>What the vocabulary calls it.</summary>
    public string Piece { get; }

    /// <summary>The characters it stands for; empty for one that stands for none, or for a part of one.</summary>
    public string Text { get; }

    /// <summary>Its bytes; empty for special tokens.</summary>
    public IReadOnlyList<byte> Bytes { get; }

    /// <summary>Whether it is a special token.</summary>
    public bool IsSpecial { get; }
}
