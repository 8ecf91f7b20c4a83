using System.Text;

namespace Seriatim.Cli;

/// <summary>The terminal's part of line editing: reads keys, and shows the text after each on standard error.</summary>
internal sealed class TerminalEditor(InputHistory history)
{
    private const string Prompt = "> ", More = ". ";
    private const string PasteOn = "\e[?2004h", PasteOff = "\e[?2004l";

    private int _cursorRow;

    /// <summary>Whether both ends are terminals that understand it.</summary>
    public static bool IsPossible =>
        !Console.IsInputRedirected && !Console.IsErrorRedirected && Terminal.Progress.Profile.Capabilities.Ansi;

    /// <summary>Waits for a text; the outcome says whether there is one.</summary>
    public Task<(EditorOutcome Outcome, string Text)> ReadAsync() => Task.Run(Read);

    private (EditorOutcome Outcome, string Text) Read()
    {
        var editor = new LineEditor(history);
        _cursorRow = 0;

        // Here Ctrl-C is a key like others; while an answer comes it is a signal.
        Console.TreatControlCAsInput = true;
        Console.Error.Write(PasteOn);
        try
        {
            Show(editor.Buffer, atEnd: false);
            while (true)
            {
                EditorInput input = EditorInput.Read(() => Console.ReadKey(intercept: true), () => Console.KeyAvailable);
                if (OperatingSystem.IsWindows() && input.Key.Key == ConsoleKey.Enter && Console.KeyAvailable)
                    // its console does not mark what is pasted, but all of it is there at once
                    input = new EditorInput(default, "\n");
                EditorOutcome outcome = editor.Take(input);
                if (outcome == EditorOutcome.ClearScreen)
                {
                    Console.Error.Write("\e[H\e[2J");
                    _cursorRow = 0;
                }

                // A burst of keys is shown once; the end of a text always.
                bool ends = outcome is EditorOutcome.Submit or EditorOutcome.Interrupt or EditorOutcome.End;
                if (ends || !Console.KeyAvailable)
                    Show(editor.Buffer, ends);
                if (ends)
                    return (outcome, editor.Buffer.Text);
            }
        }
        finally
        {
            Console.Error.Write(PasteOff);
            Console.TreatControlCAsInput = false;
        }
    }

    private void Show(LineBuffer buffer, bool atEnd)
    {
        // Terminals that do not know their size say 0.
        int width = Console.WindowWidth is > 0 and var columns ? Math.Max(columns, 8) : 80;
        int height = Console.WindowHeight is > 0 and var rows ? Math.Max(rows, 2) : 24;
        EditorView view = EditorView.Of(Prompt, More, buffer.Text, atEnd ? buffer.Text.Length : buffer.Cursor, width, height);
        var screen = new StringBuilder("\e[?25l\r");
        if (_cursorRow > 0)
            screen.Append($"\e[{_cursorRow}A");
        screen.Append("\e[J").AppendJoin("\r\n", view.Rows);
        int below = view.Rows.Count - 1 - view.CursorRow;
        if (below > 0)
            screen.Append($"\e[{below}A");
        screen.Append('\r');
        if (view.CursorColumn > 0)
            screen.Append($"\e[{view.CursorColumn}C");
        screen.Append(atEnd ? "\r\n\e[?25h" : "\e[?25h");
        Console.Error.Write($"{screen}");
        _cursorRow = view.CursorRow;
    }
}
