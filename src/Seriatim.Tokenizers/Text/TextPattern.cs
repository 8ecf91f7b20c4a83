using System.Text;

namespace Seriatim.Tokenizers;

/// <summary>
/// Something to look for in text: a literal string, a regular expression, or a scanner written for a known one.
/// </summary>
internal abstract class TextPattern
{
    /// <summary>The char this pattern consists of, if it is a literal of one char.</summary>
    public virtual char? SingleChar => null;

    /// <summary>Adds all matches, from left to right, not overlapping, perhaps empty.</summary>
    public abstract void FindAll(ReadOnlySpan<char> text, PieceList matches);

    /// <summary>Replaces all matches.</summary>
    public string Replace(string text, string content)
    {
        var matches = new PieceList();
        FindAll(text, matches);
        if (matches.Count == 0)
        {
            return text;
        }

        var result = new StringBuilder();
        int at = 0;
        foreach ((int start, int end) in matches.Span)
        {
            result.Append(text, at, start - at).Append(content);
            at = end;
        }

        return result.Append(text, at, text.Length - at).ToString();
    }
}
