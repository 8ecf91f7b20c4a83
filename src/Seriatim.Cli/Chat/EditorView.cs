using System.Globalization;
using System.Text;

namespace Seriatim.Cli;

/// <summary>Rows of a terminal that show a prompt and a text, and where its cursor is among them.</summary>
/// <param name="Rows">The rows, the prompt in the first.</param>
/// <param name="CursorRow">Row of the cursor, from 0.</param>
/// <param name="CursorColumn">Its column, from 0.</param>
internal sealed record EditorView(IReadOnlyList<string> Rows, int CursorRow, int CursorColumn)
{
    /// <summary>
    /// Lays a text out. The last column stays free, because terminals disagree about what follows when it is full.
    /// </summary>
    /// <param name="prompt">Stands before the first line.</param>
    /// <param name="more">Stands before the others; as wide as the prompt.</param>
    /// <param name="text">The text.</param>
    /// <param name="cursor">Place in the text.</param>
    /// <param name="width">Columns of the terminal.</param>
    /// <param name="height">Its rows: of a text that is higher, the rows around the cursor are shown.</param>
    public static EditorView Of(string prompt, string more, string text, int cursor, int width, int height)
    {
        int most = Math.Max(width - 1, TextWidth.Of(prompt) + 4);
        var rows = new List<string>();
        var row = new StringBuilder(prompt);
        int column = TextWidth.Of(prompt), cursorRow = 0, cursorColumn = column;
        for (int i = 0, length; i <= text.Length; i += length)
        {
            length = i == text.Length ? 1 : StringInfo.GetNextTextElementLength(text.AsSpan(i));
            string element = i == text.Length ? "" : text.Substring(i, length);
            string shown = element is "\n" or "\r\n" or "" ? "" : element == "\t" ? " " : element;
            int columns = TextWidth.Of(shown);
            if (column + columns > most)
                NewRow("");
            if (i == cursor)
                (cursorRow, cursorColumn) = (rows.Count, column);
            if (element is "\n" or "\r\n")
            {
                NewRow(more);
                continue;
            }

            row.Append(shown);
            column += columns;
        }

        rows.Add($"{row}");
        int from = Math.Clamp(cursorRow - height + 1, 0, Math.Max(0, rows.Count - 1)),
            to = Math.Min(rows.Count, from + Math.Max(1, height));
        return new EditorView([.. rows[from..to]], cursorRow - from, cursorColumn);

        void NewRow(string start)
        {
            rows.Add($"{row}");
            row.Clear().Append(start);
            column = TextWidth.Of(start);
        }
    }
}
