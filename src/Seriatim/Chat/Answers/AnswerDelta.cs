namespace Seriatim;

/// <summary>What became certain of an answer. What was given is never taken back.</summary>
internal abstract record AnswerDelta
{
    /// <summary>Text for the user.</summary>
    /// <param name="Text">The text.</param>
    internal sealed record Content(string Text) : AnswerDelta;

    /// <summary>What the model thinks before it answers.</summary>
    /// <param name="Text">The text.</param>
    internal sealed record Reasoning(string Text) : AnswerDelta;

    /// <summary>A call begins: its tool is known.</summary>
    /// <param name="Index">Its number in the answer, from 0.</param>
    /// <param name="Id">Its id.</param>
    /// <param name="Name">The tool.</param>
    internal sealed record CallBegin(int Index, string Id, string Name) : AnswerDelta;

    /// <summary>More of the JSON text of a call's arguments.</summary>
    /// <param name="Index">The call.</param>
    /// <param name="Text">The text.</param>
    internal sealed record Arguments(int Index, string Text) : AnswerDelta;

    /// <summary>A call is complete.</summary>
    /// <param name="Index">Its number.</param>
    /// <param name="Call">The call.</param>
    internal sealed record CallEnd(int Index, ToolCall Call) : AnswerDelta;

    /// <summary>A block that was closed and cannot be read: neither a call nor content.</summary>
    /// <param name="Text">Its body.</param>
    /// <param name="Index">The call that had begun with it, and that is none; null: none had.</param>
    internal sealed record Malformed(string Text, int? Index) : AnswerDelta;

    /// <summary>The call during which the limit of tokens was reached: no finished call.</summary>
    /// <param name="Name">The tool; null: it was not known yet.</param>
    /// <param name="ArgumentsText">What came of the arguments.</param>
    internal sealed record Incomplete(string? Name, string ArgumentsText) : AnswerDelta;
}
