namespace Seriatim.Cli.Tests;

/// <summary>Line editing: sequences of keys and the text they make.</summary>
public sealed class LineEditorTests
{
    [Theory]
    [InlineData("ab<Left>X", "aXb")]
    [InlineData("你好，世界<BS><BS>", "你好，")]
    [InlineData("a😀<BS>b", "ab")]
    [InlineData("👨‍👩‍👧x<Home><Right>y", "👨‍👩‍👧yx")]
    [InlineData("one two three<C-W><C-W>", "one ")]
    [InlineData("one two<C-A><C-K>x", "x")]
    [InlineData("one two<C-U>x", "x")]
    [InlineData("abc<Home><Del>", "bc")]
    [InlineData("abc<C-A>x<C-E>y", "xabcy")]
    [InlineData("one two<M-b>x", "one xtwo")]
    [InlineData("one two<Home><M-f>x", "onex two")]
    [InlineData("abc<C-A><C-D>", "bc")]
    [InlineData("a<M-Enter>b<Up>x", "ax\nb")]
    [InlineData("a<M-Enter>b<C-U><C-K>c", "a\nc")]
    [InlineData("a<Paste>b", "aone\ntwo\tthreeb")]
    [InlineData("abc<C-C>d", "d")]
    [InlineData("\"\"\"<Enter>a<Enter>b", "\"\"\"\na\nb")]
    [InlineData("e\u0301<BS>", "")]
    [InlineData("ab<Home>\u0301<BS>", "ab")]
    public void Keys_make_a_text(string keys, string text)
    {
        var editor = new LineEditor(new InputHistory(null));
        Assert.All(Press(editor, keys), outcome => Assert.Equal(EditorOutcome.None, outcome));
        Assert.Equal(text, editor.Buffer.Text);
        Assert.InRange(editor.Buffer.Cursor, 0, text.Length);
    }

    [Theory]
    [InlineData("x<Enter>", EditorOutcome.Submit)]
    [InlineData("\"\"\"a\"\"\"<Enter>", EditorOutcome.Submit)]
    [InlineData("<C-C>", EditorOutcome.Interrupt)]
    [InlineData("<C-D>", EditorOutcome.End)]
    [InlineData("a<C-L>", EditorOutcome.ClearScreen)]
    public void Some_keys_end_it(string keys, object outcome) => Assert.Equal(outcome, Press(new LineEditor(new InputHistory(null)), keys)[^1]);

    [Fact]
    public void History_goes_up_and_down_and_keeps_what_is_being_written()
    {
        using var folder = new TempFolder();
        string file = folder.File("state/history");
        var editor = new LineEditor(new InputHistory(file));
        foreach (string line in new[] { "first", "\"\"\"two\nlines\"\"\"", "first", "first" })
        {
            editor.Buffer.Set(line);
            Press(editor, "<Enter>");
        }

        var again = new LineEditor(new InputHistory(file));
        Press(again, "draft<Up>");
        Assert.Equal("first", again.Buffer.Text);
        Press(again, "<Up>");
        Assert.Equal("\"\"\"two\nlines\"\"\"", again.Buffer.Text);
        Press(again, "<Down><Down>");
        Assert.Equal("draft", again.Buffer.Text);
        Assert.Equal(["first", "\"\"\"two\nlines\"\"\"", "first"], new InputHistory(file).Entries);
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        File.WriteAllText(file, "not json\n");
        Assert.Empty(new InputHistory(file).Entries);
    }

    [Fact]
    public void Three_quotes_are_around_several_lines()
    {
        Assert.True(LineEditor.IsOpen("\"\"\"a"));
        Assert.True(LineEditor.IsOpen("\"\"\""));
        Assert.False(LineEditor.IsOpen("\"\"\"a\"\"\""));
        Assert.Equal("a\nb", LineEditor.WithoutFence("\"\"\"\na\nb\n\"\"\""));
        Assert.Equal("say \"\"\"", LineEditor.WithoutFence("say \"\"\""));
    }

    /// <summary>Keys as a terminal sends them: those with Alt after an escape, pasted text between its marks.</summary>
    private static List<EditorOutcome> Press(LineEditor editor, string keys)
    {
        var outcomes = new List<EditorOutcome>();
        for (int i = 0; i < keys.Length; i++)
        {
            var queue = new Queue<ConsoleKeyInfo>();
            if (keys[i] == '<' && keys.IndexOf('>', i) is > 0 and var end)
            {
                foreach (ConsoleKeyInfo key in Named(keys[(i + 1)..end]))
                    queue.Enqueue(key);
                i = end;
            }
            else
            {
                queue.Enqueue(Sign(keys[i]));
            }

            while (queue.Count > 0)
                outcomes.Add(editor.Take(EditorInput.Read(queue.Dequeue, () => queue.Count > 0)));
        }

        return outcomes;
    }

    private static IEnumerable<ConsoleKeyInfo> Named(string name) => name switch
    {
        "Paste" => "\e[200~one\rtwo\tthr\aee\e[201~".Select(Sign),
        "M-Enter" => [Sign('\e'), Sign('\r')],
        ['M', '-', var letter] => [Sign('\e'), Sign(letter)],
        ['C', '-', var letter] => [new ConsoleKeyInfo((char)(letter - 'A' + 1), ConsoleKey.A + (letter - 'A'), false, false, true)],
        "BS" => [Key(ConsoleKey.Backspace, '\b')],
        "Del" => [Key(ConsoleKey.Delete)],
        "Left" => [Key(ConsoleKey.LeftArrow)],
        "Right" => [Key(ConsoleKey.RightArrow)],
        "Up" => [Key(ConsoleKey.UpArrow)],
        "Down" => [Key(ConsoleKey.DownArrow)],
        "Home" => [Key(ConsoleKey.Home)],
        _ => [Sign('\r')],
    };

    private static ConsoleKeyInfo Sign(char sign) => new(sign, sign switch
    {
        '\e' => ConsoleKey.Escape,
        '\r' => ConsoleKey.Enter,
        '\t' => ConsoleKey.Tab,
        >= 'a' and <= 'z' => ConsoleKey.A + (sign - 'a'),
        _ => ConsoleKey.None,
    }, false, false, false);

    private static ConsoleKeyInfo Key(ConsoleKey key, char sign = '\0') => new(sign, key, false, false, false);
}
