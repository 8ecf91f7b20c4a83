using System.Globalization;
using System.Text;

namespace Seriatim.Cli;

/// <summary>
/// Text that comes piece by piece to a terminal, without words that are broken at its edge: a word that does not fit is taken
/// back and written again on the next line. Nothing waits for the end of a word.
/// </summary>
internal sealed class WordWrap(int width)
{
    private readonly int _most = width - 1;
    private readonly StringBuilder _word = new();
    private int _column, _wordColumns;

    /// <summary>What the terminal shall get for a piece of text.</summary>
    public string Push(string piece)
    {
        if (_most < 8)
            return piece;
        var output = new StringBuilder();
        for (int i = 0, length; i < piece.Length; i += length)
        {
            length = StringInfo.GetNextTextElementLength(piece.AsSpan(i));
            Push(piece.Substring(i, length), output);
        }

        return $"{output}";
    }

    private void Push(string element, StringBuilder output)
    {
        int columns = TextWidth.OfElement(element);
        if (element is "\n" or "\r\n")
        {
            (_column, _wordColumns) = (0, 0);
            _word.Clear();
            output.Append('\n');
            return;
        }

        bool breaks = element == " " || columns == 2;
        if (_column + columns > _most)
        {
            bool takesBack = !breaks && _wordColumns > 0 && _wordColumns < _column;
            if (takesBack)
                output.Append($"\e[{_wordColumns}D\e[K");
            output.Append('\n');
            _column = 0;
            if (takesBack)
            {
                output.Append(_word);
                _column = _wordColumns;
            }
            else
            {
                _word.Clear();
                _wordColumns = 0;
            }

            if (element == " ")
                return; // the end of the line stands for it
        }

        output.Append(element);
        _column += columns;
        if (breaks)
        {
            _word.Clear();
            _wordColumns = 0;
        }
        else
        {
            _word.Append(element);
            _wordColumns += columns;
        }
    }
}
