using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary>
/// Takes one answer apart as its text comes: what is said, what is thought, which tools are called. The seam between how a model
/// writes and what protocols send.
/// </summary>
internal interface IAnswerReader
{
    /// <summary>Whether there is a complete call of a tool.</summary>
    bool HasCalls { get; }

    /// <summary>Whether the model is thinking, as far as it is known.</summary>
    bool IsThinking { get; }

    /// <summary>Takes more text, and gives what is certain.</summary>
    void Push(string text, List<AnswerPart> parts);

    /// <summary>The text has ended.</summary>
    /// <param name="finish">Why: what a limit cut off is not complete.</param>
    /// <param name="parts">Gets the rest.</param>
    void Flush(FinishReason finish, List<AnswerPart> parts);
}
