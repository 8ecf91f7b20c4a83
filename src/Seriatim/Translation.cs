using Seriatim.Generation;

namespace Seriatim;

/// <summary>A text and its translation.</summary>
public sealed record Translation
{
    /// <summary>The text as it was given.</summary>
    public required string Source { get; init; }

    /// <summary>The translation; empty for a text without anything but white space.</summary>
    public required string Text { get; init; }

    /// <summary>The direction that was chosen; null if the model names none, or for an empty text.</summary>
    public TranslationDirection? Direction { get; init; }

    /// <summary>Why it ended: <see cref="FinishReason.Length"/> means that it was cut off at the most new tokens.</summary>
    public required FinishReason Finish { get; init; }

    /// <summary>New tokens.</summary>
    public required int Tokens { get; init; }

    /// <summary>
    /// With beams: sum of log-probabilities / length^penalty. Filled in at once: their mean. Else null.
    /// </summary>
    public double? Score { get; init; }
}
