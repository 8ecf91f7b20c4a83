namespace Seriatim.Cli;

/// <summary>Messages of a conversation: edited on a terminal, or lines of a pipe.</summary>
internal sealed class ChatInput(bool keepsHistory)
{
    private readonly TerminalEditor? _editor = TerminalEditor.IsPossible
        ? new TerminalEditor(new InputHistory(keepsHistory ? InputHistory.UsualFile : null)) : null;

    /// <summary>Whether a person types.</summary>
    public bool IsTerminal => !Console.IsInputRedirected;

    /// <summary>The next message; of several lines, without the quotes around them.</summary>
    /// <returns>How it came, and the message.</returns>
    public async Task<(EditorOutcome Outcome, string Text)> ReadAsync(CancellationToken cancellation)
    {
        if (_editor is not null)
        {
            (EditorOutcome outcome, string text) = await _editor.ReadAsync();
            return (outcome, LineEditor.WithoutFence(text));
        }

        if (IsTerminal)
            await Console.Error.WriteAsync("> ");
        string? line = await StandardInput.ReadLineAsync(cancellation);
        if (line is null)
            return (EditorOutcome.End, "");
        while (LineEditor.IsOpen(line) && await StandardInput.ReadLineAsync(cancellation) is { } next)
            line += "\n" + next;
        return (EditorOutcome.Submit, LineEditor.WithoutFence(line));
    }
}
