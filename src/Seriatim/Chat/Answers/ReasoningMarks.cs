namespace Seriatim;

/// <summary>What stands around the reasoning of a model.</summary>
/// <param name="Open">Before it.</param>
/// <param name="Close">After it. Any other mark within is text.</param>
internal sealed record ReasoningMarks(string Open, string Close)
{
    /// <summary>All that are known. A template has those of which it writes the end.</summary>
    private static readonly ReasoningMarks[] All =
    [
        new("<think>", "</think>"),
        new("[THINK]", "[/THINK]"),
        new("<seed:think>", "</seed:think>"),
        new("<|START_THINKING|>", "<|END_THINKING|>"),
        new("◁think▷", "◁/think▷"),
    ];

    /// <summary>Both.</summary>
    public IReadOnlyList<string> Marks => [Open, Close];

    /// <summary>Those of a template; null: it has none.</summary>
    public static ReasoningMarks? Of(string template) =>
        Array.Find(All, marks => template.Contains(marks.Close, StringComparison.Ordinal));
}
