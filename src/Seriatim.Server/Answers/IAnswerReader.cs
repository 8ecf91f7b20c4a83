namespace Seriatim.Server;

/// <summary>
/// Takes one answer apart as its text comes: what is said, what is thought, which tools are called. The seam between how a model
/// writes and what protocols send.
/// </summary>
internal interface IAnswerReader
{
    /// <summary>Whether a call of a tool has begun.</summary>
    bool HasCalls { get; }

    /// <summary>Takes more text, and gives what is certain.</summary>
    void Push(string text, List<AnswerPart> parts);

    /// <summary>The text has ended.</summary>
    /// <param name="isCut">Whether the end of a call was taken as the end of the answer.</param>
    /// <param name="parts">Gets the rest.</param>
    void Flush(bool isCut, List<AnswerPart> parts);
}
