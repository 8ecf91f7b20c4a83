using Seriatim.Generation;

namespace Seriatim;

/// <summary>A text and its translation.</summary>
/// <param name="Source">The text as it was given.</param>
/// <param name="Text">The translation; empty for a text without anything but white space.</param>
/// <param name="Direction">The direction that was chosen; null if the model names none, or for an empty text.</param>
/// <param name="Finish">Why it ended: <see cref="FinishReason.Length"/> means that it was cut off at the most new tokens.</param>
/// <param name="Tokens">New tokens.</param>
/// <param name="Score">With beams: sum of log-probabilities / length^penalty. Else null.</param>
public sealed record Translation(string Source, string Text, TranslationDirection? Direction, FinishReason Finish, int Tokens,
    double? Score);
