namespace Seriatim.Tokenizers;

/// <summary>A literal string.</summary>
internal sealed class LiteralPattern(string literal) : TextPattern
{
    /// <inheritdoc/>
    public override char? SingleChar => literal.Length == 1 ? literal[0] : null;

    /// <inheritdoc/>
    public override void FindAll(ReadOnlySpan<char> text, PieceList matches)
    {
        if (literal.Length == 0)
        {
            return;
        }

        int at = 0;
        int found;
        while ((found = text[at..].IndexOf(literal, StringComparison.Ordinal)) >= 0)
        {
            matches.AddAlways(at + found, at + found + literal.Length);
            at += found + literal.Length;
        }
    }
}
