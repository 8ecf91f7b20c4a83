using System.Text;

namespace Seriatim.Cli.Tests;

/// <summary>Widths, folding and streaming: what a terminal shows.</summary>
public sealed class TerminalTextTests
{
    [Theory]
    [InlineData("abc", 3)]
    [InlineData("你好", 4)]
    [InlineData("e\u0301", 1)]
    [InlineData("😀", 2)]
    [InlineData("👨‍👩‍👧", 2)]
    [InlineData("a\u200Bb", 2)]
    [InlineData("", 0)]
    public void Signs_take_columns(string text, int columns) => Assert.Equal(columns, TextWidth.Of(text));

    [Fact]
    public void Text_is_folded_at_words()
    {
        Assert.Equal(["one two", "three"], WordFold.Lines("one two three", 10));
        Assert.Equal(["a-very-lon", "g-word to", "fold"], WordFold.Lines("a-very-long-word to fold", 10));
        Assert.Equal(["我爱学习我", "爱学习"], WordFold.Lines("我爱学习我爱学习", 10));
        Assert.Equal(["a", "", "b"], WordFold.Lines("a\n\nb", 10));
    }

    [Theory]
    [InlineData(12)]
    [InlineData(20)]
    [InlineData(41)]
    public void What_streams_is_folded_as_what_is_whole(int width)
    {
        const string Text = "Once upon a time there was a little girl, and 我爱学习 with extraordinarily long words.\n\nThe end of it all";
        foreach (int piece in new[] { 1, 2, 3, 7, 200 })
        {
            var wrap = new WordWrap(width);
            var screen = new Screen();
            for (int i = 0; i < Text.Length; i += piece)
                screen.Write(wrap.Push(Text.Substring(i, Math.Min(piece, Text.Length - i))));
            Assert.All(screen.Lines, line => Assert.True(TextWidth.Of(line) < width, line));
            string[] words = [.. screen.Lines.SelectMany(line => line.Split(' '))];
            foreach (string word in Text.Split([' ', '\n']).Where(word => word.Length < width - 1 && word.All(char.IsAscii)))
                Assert.Contains(word, words);
        }
    }

    [Theory]
    [InlineData(8, 4)]
    [InlineData(10, 20)]
    [InlineData(80, 20)]
    public void The_editor_shows_the_text_and_the_place(int width, int height)
    {
        const string Text = "你好，世界 and a line\nmore 😀";
        for (int cursor = 0; cursor <= Text.Length; cursor++)
        {
            EditorView view = EditorView.Of("> ", ". ", Text, cursor, width, height);
            Assert.InRange(view.Rows.Count, 1, height);
            Assert.InRange(view.CursorRow, 0, view.Rows.Count - 1);
            Assert.InRange(view.CursorColumn, 0, width - 1);
            Assert.All(view.Rows, row => Assert.True(TextWidth.Of(row) < width, row));
        }

        EditorView whole = EditorView.Of("> ", ". ", Text, Text.Length, 80, 20);
        Assert.Equal(["> 你好，世界 and a line", ". more 😀"], whole.Rows);
        Assert.Equal((1, 9), (whole.CursorRow, whole.CursorColumn));
    }

    /// <summary>As much of a terminal as the wrapper uses: going left, and clearing to the end of the line.</summary>
    private sealed class Screen
    {
        private readonly List<StringBuilder> _lines = [new()];

        public IEnumerable<string> Lines => _lines.Select(line => $"{line}".TrimEnd());

        public void Write(string text)
        {
            for (int i = 0; i < text.Length; i++)
            {
                if (text[i] == '\n')
                    _lines.Add(new StringBuilder());
                else if (text[i] == '\e')
                    i = Escape(text, i);
                else
                    _lines[^1].Append(text[i]);
            }
        }

        private int Escape(string text, int at)
        {
            int end = text.IndexOfAny(['D', 'K'], at);
            if (text[end] == 'D')
                _lines[^1].Length -= int.Parse(text[(at + 2)..end]);
            return end;
        }
    }
}
