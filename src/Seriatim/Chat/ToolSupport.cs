using Seriatim.Tokenizers;

namespace Seriatim;

/// <summary>Whether a template shows tools to the model, and in which form the model then calls them.</summary>
internal static class ToolSupport
{
    /// <summary>Names that templates use, of which they use one.</summary>
    public static readonly string[] ReasoningFields = ["reasoning_content", "thinking"];

    /// <summary>Why tools cannot be offered by a template; null: they can.</summary>
    public static string? Refusal(Tokenizer tokenizer, ChatTemplate? template)
    {
        if ((template ?? tokenizer.ChatTemplate) is not { Source: var source })
            return "there is no chat template to show them";
        if (!source.Contains("tools", StringComparison.Ordinal))
            return "the chat template does not show tools to the model";
        return ToolFormats.Of(source) is not null ? null
            : "the chat template wants calls in a form that is not read; these are: "
                + string.Join(", ", ToolFormats.All.Select(row => row.Name).Distinct());
    }

    /// <summary>The field of a message in which a template reads earlier reasoning; null: it reads none.</summary>
    public static string? ReasoningField(Tokenizer tokenizer, ChatTemplate? template)
    {
        string source = (template ?? tokenizer.ChatTemplate)?.Source ?? "";
        return ReasoningFields.FirstOrDefault(field => ((string[])[$".{field}", $"'{field}'", $"\"{field}\""])
            .Any(use => source.Contains(use, StringComparison.Ordinal)));
    }

    /// <summary>Whether a template reads a variable or a field.</summary>
    public static bool Reads(Tokenizer tokenizer, ChatTemplate? template, string name) =>
        (template ?? tokenizer.ChatTemplate)?.Source.Contains(name, StringComparison.Ordinal) == true;
}
