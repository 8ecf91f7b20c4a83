namespace Seriatim;

/// <summary>What answers are looked for.</summary>
public sealed record AnswerOptions
{
    /// <summary>How many, best first; 1 or more.</summary>
    public int Count { get; init; } = 1;

    /// <summary>Tokens of an answer at most; 1 or more.</summary>
    public int LongestAnswer { get; init; } = 30;

    /// <summary>
    /// Whether no answer is one of those that are found: for models that were trained with questions that have none (SQuAD 2).
    /// </summary>
    public bool AllowsNone { get; init; }
}
