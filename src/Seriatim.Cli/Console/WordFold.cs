using System.Globalization;
using System.Text;

namespace Seriatim.Cli;

/// <summary>
/// Folds text at words; a word that is longer than a line is cut, and letters of Chinese are words of their own.
/// </summary>
internal static class WordFold
{
    public static IEnumerable<string> Lines(string text, int width)
    {
        width = Math.Max(width, 10);
        foreach (string paragraph in text.Split('\n'))
        {
            var line = new StringBuilder();
            int column = 0, blanks = 0;
            foreach ((string word, bool isBlank, int columns) in Words(paragraph))
            {
                if (isBlank)
                {
                    blanks += columns;
                    continue;
                }

                if (column > 0 && column + blanks + columns > width)
                {
                    yield return $"{line}";
                    line.Clear();
                    (column, blanks) = (0, 0);
                }

                line.Append(' ', blanks).Append(word);
                column += blanks + columns;
                blanks = 0;
                foreach (string full in CutOff(line, ref column, width))
                    yield return full;
            }

            yield return $"{line}";
        }
    }

    private static List<string> CutOff(StringBuilder line, ref int column, int width)
    {
        var full = new List<string>();
        while (column > width)
        {
            string text = $"{line}";
            int taken = 0, at = 0;
            for (int length; at < text.Length; at += length)
            {
                length = StringInfo.GetNextTextElementLength(text.AsSpan(at));
                int columns = TextWidth.OfElement(text.AsSpan(at, length));
                if (taken + columns > width)
                    break;
                taken += columns;
            }

            full.Add(text[..at]);
            line.Clear().Append(text, at, text.Length - at);
            column = TextWidth.Of($"{line}");
        }

        return full;
    }

    private static IEnumerable<(string Word, bool IsBlank, int Columns)> Words(string text)
    {
        var word = new StringBuilder();
        int columns = 0;
        for (int i = 0, length; i < text.Length; i += length)
        {
            length = StringInfo.GetNextTextElementLength(text.AsSpan(i));
            string element = text.Substring(i, length);
            int own = TextWidth.OfElement(element);
            bool alone = element == " " || own == 2;
            if (alone && word.Length > 0)
            {
                yield return ($"{word}", false, columns);
                word.Clear();
                columns = 0;
            }

            if (alone)
            {
                yield return (element, element == " ", own);
                continue;
            }

            word.Append(element);
            columns += own;
        }

        if (word.Length > 0)
            yield return ($"{word}", false, columns);
    }
}
