namespace Seriatim.Web.Chat;

/// <summary>How far an answer is.</summary>
public enum ChatState
{
    /// <summary>It is asked for; the model may have to be opened first.</summary>
    Waiting,

    /// <summary>Tokens come.</summary>
    Running,

    /// <summary>It is complete.</summary>
    Done,

    /// <summary>Somebody stopped it.</summary>
    Stopped,

    /// <summary>The server refused it, or it broke.</summary>
    Failed,
}
