namespace Seriatim.Cli;

/// <summary>What became of an input.</summary>
internal enum EditorOutcome
{
    /// <summary>Goes on.</summary>
    None,

    /// <summary>The text is complete.</summary>
    Submit,

    /// <summary>Ctrl-C where nothing was written.</summary>
    Interrupt,

    /// <summary>Ctrl-D where nothing was written.</summary>
    End,

    /// <summary>The screen shall be cleared.</summary>
    ClearScreen,
}

/// <summary>What keys do to a text, as in shells; it knows no terminal.</summary>
internal sealed class LineEditor(InputHistory history)
{
    /// <summary>The sign that begins and ends a message of several lines.</summary>
    public const string Fence = "\"\"\"";

    /// <summary>Keys with Ctrl, as in shells.</summary>
    private static readonly Dictionary<ConsoleKey, Action<LineBuffer>> Controls = new()
    {
        [ConsoleKey.A] = buffer => buffer.Home(),
        [ConsoleKey.E] = buffer => buffer.End(),
        [ConsoleKey.B] = buffer => buffer.Left(),
        [ConsoleKey.F] = buffer => buffer.Right(),
        [ConsoleKey.LeftArrow] = buffer => buffer.WordLeft(),
        [ConsoleKey.RightArrow] = buffer => buffer.WordRight(),
        [ConsoleKey.H] = buffer => buffer.Backspace(),
        [ConsoleKey.Backspace] = buffer => buffer.Backspace(),
        [ConsoleKey.D] = buffer => buffer.Delete(),
        [ConsoleKey.U] = buffer => buffer.KillToStart(),
        [ConsoleKey.K] = buffer => buffer.KillToEnd(),
        [ConsoleKey.W] = buffer => buffer.KillWord(),
        [ConsoleKey.C] = buffer => buffer.Clear(),
        [ConsoleKey.J] = buffer => buffer.Insert("\n"),
        [ConsoleKey.Enter] = buffer => buffer.Insert("\n"),
    };

    public LineBuffer Buffer { get; } = new();

    /// <summary>Takes an input; the screen shows <see cref="Buffer"/> after it.</summary>
    public EditorOutcome Take(EditorInput input)
    {
        if (input.Pasted is { } pasted)
        {
            Buffer.Insert(pasted);
            return EditorOutcome.None;
        }

        ConsoleKeyInfo key = input.Key;
        if (key.Modifiers.HasFlag(ConsoleModifiers.Alt))
            return WithAlt(key);
        if (key.Modifiers.HasFlag(ConsoleModifiers.Control))
            return WithControl(key);
        return Plain(key);
    }

    /// <summary>Whether a text that was begun with three quotes lacks its end.</summary>
    public static bool IsOpen(string text)
    {
        string trimmed = text.Trim();
        return trimmed.StartsWith(Fence, StringComparison.Ordinal)
            && !(trimmed.Length >= 2 * Fence.Length && trimmed.EndsWith(Fence, StringComparison.Ordinal));
    }

    /// <summary>The text without the quotes around it.</summary>
    public static string WithoutFence(string text)
    {
        string trimmed = text.Trim();
        return trimmed.StartsWith(Fence, StringComparison.Ordinal) && !IsOpen(text)
            ? trimmed[Fence.Length..^Fence.Length].Trim('\n') : text;
    }

    private EditorOutcome Plain(ConsoleKeyInfo key)
    {
        switch (key.Key)
        {
            case ConsoleKey.Enter:
                return Enter();
            case ConsoleKey.Backspace:
                Buffer.Backspace();
                break;
            case ConsoleKey.Delete:
                Buffer.Delete();
                break;
            case ConsoleKey.LeftArrow:
                Buffer.Left();
                break;
            case ConsoleKey.RightArrow:
                Buffer.Right();
                break;
            case ConsoleKey.Home:
                Buffer.Home();
                break;
            case ConsoleKey.End:
                Buffer.End();
                break;
            case ConsoleKey.UpArrow:
                Up();
                break;
            case ConsoleKey.DownArrow:
                Down();
                break;
            case ConsoleKey.Tab:
                Buffer.Insert("    ");
                break;
            default:
                if (key.KeyChar != '\0' && !char.IsControl(key.KeyChar))
                    Buffer.Insert($"{key.KeyChar}");
                break;
        }

        return EditorOutcome.None;
    }

    private EditorOutcome Enter()
    {
        if (IsOpen(Buffer.Text))
        {
            Buffer.Insert("\n");
            return EditorOutcome.None;
        }

        history.Add(Buffer.Text);
        return EditorOutcome.Submit;
    }

    private EditorOutcome WithAlt(ConsoleKeyInfo key)
    {
        switch (key.Key)
        {
            case ConsoleKey.Enter:
                Buffer.Insert("\n");
                break;
            case ConsoleKey.B or ConsoleKey.LeftArrow:
                Buffer.WordLeft();
                break;
            case ConsoleKey.F or ConsoleKey.RightArrow:
                Buffer.WordRight();
                break;
            case ConsoleKey.Backspace:
                Buffer.KillWord();
                break;
        }

        return EditorOutcome.None;
    }

    private EditorOutcome WithControl(ConsoleKeyInfo key)
    {
        switch (key.Key)
        {
            case ConsoleKey.C when Buffer.IsEmpty:
                return EditorOutcome.Interrupt;
            case ConsoleKey.D when Buffer.IsEmpty:
                return EditorOutcome.End;
            case ConsoleKey.L:
                return EditorOutcome.ClearScreen;
            case ConsoleKey.P:
                Up();
                return EditorOutcome.None;
            case ConsoleKey.N:
                Down();
                return EditorOutcome.None;
        }

        // AltGr gives letters of many keyboards, and is Ctrl with Alt there.
        if (Controls.TryGetValue(key.Key, out Action<LineBuffer>? change))
            change(Buffer);
        else if (key.KeyChar != '\0' && !char.IsControl(key.KeyChar))
            Buffer.Insert($"{key.KeyChar}");
        return EditorOutcome.None;
    }

    private void Up()
    {
        if (!Buffer.Up() && history.Older(Buffer.Text) is { } older)
            Buffer.Set(older);
    }

    private void Down()
    {
        if (!Buffer.Down() && history.Newer() is { } newer)
            Buffer.Set(newer);
    }
}
