namespace Seriatim.Server;

/// <summary>A piece of an answer that is certain.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Text">Content, reasoning or arguments.</param>
internal readonly record struct AnswerPart(AnswerPartKind Kind, string Text)
{
    /// <summary>Stands for a call that had not begun.</summary>
    public const int NoCall = -1;

    /// <summary>Which call of the answer, from 0.</summary>
    public int Call { get; init; }

    /// <summary>The call's id; with its beginning.</summary>
    public string? CallId { get; init; }

    /// <summary>The tool; with the call's beginning.</summary>
    public string? Tool { get; init; }
}
