namespace Seriatim;

/// <summary>A part of a text that answers a question.</summary>
public sealed record TextAnswer
{
    /// <summary>First char of its span in the text, in UTF-16 chars.</summary>
    public required int Start { get; init; }

    /// <summary>End of its span.</summary>
    public required int End { get; init; }

    /// <summary>What stands there; empty for <see cref="IsNone"/>.</summary>
    public required string Text { get; init; }

    /// <summary>
    /// The probability that it begins where it does times that it ends where it does, each over the tokens of the text and the
    /// place that stands for no answer. Of a text that is asked in pieces the tokens are those of a piece; the most probable
    /// piece counts, and for no answer the least probable one, because it must be in none.
    /// </summary>
    public required double Probability { get; init; }

    /// <summary>Whether it says that the text has no answer.</summary>
    public bool IsNone { get; init; }
}
