using Seriatim.Tokenizers;

namespace Seriatim;

/// <summary>Whether a template shows tools to the model, and in which form the model then calls them.</summary>
internal static class ToolSupport
{
    /// <summary>Why tools cannot be offered by a template; null: they can.</summary>
    public static string? Refusal(Tokenizer tokenizer, ChatTemplate? template)
    {
        if ((template ?? tokenizer.ChatTemplate) is not { Source: var source })
            return "there is no chat template to show them";
        if (!source.Contains("tools", StringComparison.Ordinal))
            return "the chat template does not show tools to the model";
        if (!source.Contains(ToolCallReader.Open, StringComparison.Ordinal))
            return $"the chat template wants calls in a form that is not read; {ToolCallReader.Open} is";
        return tokenizer.IdOf(ToolCallReader.Open) is { } id && tokenizer.IsSpecial(id)
            ? $"{ToolCallReader.Open} is a special token here, which is no text of an answer"
            : null;
    }

    /// <summary>Whether a template reads a field of a message.</summary>
    public static bool Reads(Tokenizer tokenizer, ChatTemplate? template, string field) =>
        (template ?? tokenizer.ChatTemplate)?.Source.Contains(field, StringComparison.Ordinal) == true;
}
