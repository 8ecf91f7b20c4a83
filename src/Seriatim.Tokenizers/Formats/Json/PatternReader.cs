namespace Seriatim.Tokenizers;

/// <summary>Reads a pattern: <c>{"String": ...}</c>, <c>{"Regex": ...}</c> or a plain string.</summary>
internal static class PatternReader
{
    /// <summary>Reads a pattern.</summary>
    public static TextPattern Read(SourceNode node)
    {
        if (node.IsString)
        {
            return new LiteralPattern(node.Text());
        }

        if (node["String"].Exists)
        {
            return new LiteralPattern(node["String"].Text());
        }

        if (!node["Regex"].Exists)
        {
            throw node.Error("must hold a String or a Regex");
        }

        return Regex(node["Regex"].Text(), node.File, node.Path);
    }

    /// <summary>The scanner written for an expression, or the expression itself.</summary>
    public static TextPattern Regex(string pattern, string file, string path) =>
        WordScanner.For(pattern) is { } scanner ? scanner : new RegexPattern(pattern, file, path);
}
