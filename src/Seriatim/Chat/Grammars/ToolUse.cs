using Seriatim.Generation;

namespace Seriatim;

/// <summary>What a request says about the tools it offers.</summary>
internal sealed record ToolUse
{
    /// <summary>Which may be called, or must.</summary>
    public ToolChoice Choice { get; init; } = ToolChoice.Auto;

    /// <summary>Whether an answer may hold more than one call.</summary>
    public bool IsParallel { get; init; } = true;

    /// <summary>Tools whose arguments must follow their schema.</summary>
    public IReadOnlyList<string> Strict { get; init; } = [];

    /// <summary>What an answer that is no call must look like; null: any text.</summary>
    public Grammar? Content { get; init; }

    /// <summary>Whether a grammar is needed: where the model decides everything, none is.</summary>
    public bool IsConstrained =>
        Choice.Kind == ToolChoiceKind.Required || (Choice.Kind == ToolChoiceKind.Auto
            && (!IsParallel || Strict.Count > 0 || Content is not null));
}
