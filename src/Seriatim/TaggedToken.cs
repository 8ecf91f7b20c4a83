namespace Seriatim;

/// <summary>A token of a text and the class that a model of tokens gives it.</summary>
public sealed record TaggedToken
{
    /// <summary>First char of its span in the text, in UTF-16 chars.</summary>
    public required int Start { get; init; }

    /// <summary>End of its span.</summary>
    public required int End { get; init; }

    /// <summary>What stands there.</summary>
    public required string Text { get; init; }

    /// <summary>The name of its most probable class in the model's config, or <c>LABEL_n</c>.</summary>
    public required string Label { get; init; }

    /// <summary>The probability of that class.</summary>
    public required double Probability { get; init; }
}
