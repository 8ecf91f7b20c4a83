namespace Seriatim;

/// <summary>Which tools an answer may call, or must.</summary>
/// <param name="Kind">Whether it must.</param>
/// <param name="Name">The only tool that may be called; null: any of those that are offered.</param>
internal sealed record ToolChoice(ToolChoiceKind Kind, string? Name = null)
{
    /// <summary>The model decides.</summary>
    public static ToolChoice Auto { get; } = new(ToolChoiceKind.Auto);

    /// <summary>No call is read.</summary>
    public static ToolChoice None { get; } = new(ToolChoiceKind.None);

    /// <summary>One call or more.</summary>
    public static ToolChoice Required { get; } = new(ToolChoiceKind.Required);

    /// <summary>A call of this tool.</summary>
    public static ToolChoice Of(string name) => new(ToolChoiceKind.Required, name);
}
