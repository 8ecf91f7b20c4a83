namespace Seriatim;

/// <summary>What answers are looked for.</summary>
public sealed record AnswerOptions
{
    /// <summary>How many, best first; 1 or more.</summary>
    public int Count { get; init; } = 1;

    /// <summary>Tokens of an answer at most; 1 or more.</summary>
    public int LongestAnswer { get; init; } = 30;

    /// <summary>
    /// A text that is longer than the model reads is asked in pieces, of which each begins with so many tokens of the one before,
    /// or half of what a piece holds if that is less; 0 or more. The pieces' answers are compared by their probabilities.
    /// </summary>
    public int Stride { get; init; } = 128;

    /// <summary>
    /// Whether no answer is one of those that are found: for models that were trained with questions that have none (SQuAD 2).
    /// </summary>
    public bool AllowsNone { get; init; }
}
