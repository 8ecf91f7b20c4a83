using Seriatim.Tokenizers;

namespace Seriatim;

/// <summary>How a model writes what is not plain text of its answers: by the marks of its chat template.</summary>
/// <param name="Tools">Calls of tools; null: none are read.</param>
/// <param name="Reasoning">What the model thinks; null: it has no marks for it.</param>
internal sealed record AnswerFormat(ToolFormat? Tools, ReasoningMarks? Reasoning)
{
    /// <summary>Longest opening of a block of reasoning at the end of a prompt, in tokens.</summary>
    private const int LongestOpening = 32;

    /// <summary>The format of a template, or of the tokenizer's own.</summary>
    public static AnswerFormat Of(Tokenizer tokenizer, ChatTemplate? template)
    {
        string source = (template ?? tokenizer.ChatTemplate)?.Source ?? "";
        ToolFormat? tools = ToolFormats.Of(source);
        return new AnswerFormat(tools, tools is { HoldsReasoning: true } ? null : ReasoningMarks.Of(source));
    }

    /// <summary>Whether answers are read at all, or are plain text.</summary>
    public bool IsPlain => Tools is null && Reasoning is null;

    /// <summary>The same without calls of tools, where none are offered.</summary>
    public AnswerFormat WithoutCalls() => Tools is { HoldsReasoning: true } ? this : this with { Tools = null };

    /// <summary>Marks that are special tokens, and must come out with the text to be read.</summary>
    public IReadOnlyList<int> ShownIds(Tokenizer tokenizer) =>
    [
        .. (Tools?.Marks ?? []).Concat(Reasoning?.Marks ?? []).Select(tokenizer.IdOf).OfType<int>()
            .Where(tokenizer.IsSpecial).Distinct().Order(),
    ];

    /// <summary>Special tokens that end a message, beside the end of a turn.</summary>
    public IReadOnlyList<int> EndIds(Tokenizer tokenizer) =>
        [.. (Tools?.Ends ?? []).Select(tokenizer.IdOf).OfType<int>().Where(tokenizer.IsSpecial)];

    /// <summary>Whether a prompt ends with the opening of a block of reasoning, so that the answer begins in it.</summary>
    public bool StartsInReasoning(Tokenizer tokenizer, ReadOnlySpan<int> prompt) => Reasoning is { } marks
        && tokenizer.Decode(prompt[^Math.Min(prompt.Length, LongestOpening)..], skipSpecialTokens: false).AsSpan().TrimEnd()
            .EndsWith(marks.Open, StringComparison.Ordinal);
}
