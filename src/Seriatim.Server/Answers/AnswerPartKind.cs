namespace Seriatim.Server;

/// <summary>What a piece of an answer is.</summary>
internal enum AnswerPartKind
{
    /// <summary>What the model says.</summary>
    Content,

    /// <summary>What it thinks before it says it.</summary>
    Reasoning,

    /// <summary>A call of a tool begins: its id and name are certain.</summary>
    CallBegin,

    /// <summary>A piece of the JSON of a call's arguments.</summary>
    CallArguments,

    /// <summary>A call is complete: its arguments are a JSON object. One that does not come to this is no call.</summary>
    CallEnd,

    /// <summary>A block that should be a call cannot be read: if one had begun with it, it is none.</summary>
    Malformed,

    /// <summary>The answer has ended.</summary>
    End,
}
