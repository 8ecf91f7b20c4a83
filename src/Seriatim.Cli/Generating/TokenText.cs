using Seriatim.Tokenizers;

namespace Seriatim.Cli;

/// <summary>The text of single tokens, for people and for JSON.</summary>
internal static class TokenText
{
    /// <summary>Its text; empty for an id without one (models round their vocabularies up).</summary>
    public static string Of(Tokenizer tokenizer, int id)
    {
        try
        {
            return tokenizer.Decode([id], skipSpecialTokens: false);
        }
        catch (ArgumentOutOfRangeException)
        {
            return "";
        }
    }
}
