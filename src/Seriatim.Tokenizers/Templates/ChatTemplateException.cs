namespace Seriatim.Tokenizers;

/// <summary>A chat template is missing, broken, refuses the conversation, or takes more than it is allowed.</summary>
public sealed class ChatTemplateException : SeriatimException
{
    /// <summary>Creates the exception.</summary>
    public ChatTemplateException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with the line of the template.</summary>
    public ChatTemplateException(string message, int line)
        : base($"chat template, line {line}: {message}") => Line = line;

    /// <summary>The line of the template, from 1; 0 if unknown.</summary>
    public int Line { get; }
}
