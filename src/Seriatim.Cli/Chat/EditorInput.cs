using System.Text;

namespace Seriatim.Cli;

/// <summary>What comes from a keyboard: a key, perhaps with Alt, or a text that was pasted.</summary>
/// <param name="Key">The key; of no meaning beside a text.</param>
/// <param name="Pasted">What was pasted, with \n between lines; null: a key.</param>
internal readonly record struct EditorInput(ConsoleKeyInfo Key, string? Pasted = null)
{
    private const string Begin = "[200~", End = "[201~";

    /// <summary>
    /// Reads the next input. Terminals write ESC [ 200 ~ before and ESC [ 201 ~ behind what is pasted, and ESC before a key with
    /// Alt; the console gives these signs one by one.
    /// </summary>
    /// <param name="read">Waits for a key.</param>
    /// <param name="hasMore">Whether a key is there already.</param>
    public static EditorInput Read(Func<ConsoleKeyInfo> read, Func<bool> hasMore)
    {
        ConsoleKeyInfo key = read();
        if (key.Key != ConsoleKey.Escape || !hasMore())
            return new EditorInput(key);
        ConsoleKeyInfo second = read();
        if (second.KeyChar != '[')
            return new EditorInput(
                new ConsoleKeyInfo(second.KeyChar, second.Key, second.Modifiers.HasFlag(ConsoleModifiers.Shift),
                    alt: true, second.Modifiers.HasFlag(ConsoleModifiers.Control)));
        string sequence = "[";
        while (hasMore() && sequence.Length < Begin.Length
            && !(sequence.Length > 1 && sequence[^1] is (>= 'A' and <= 'Z') or (>= 'a' and <= 'z') or '~'))
            sequence += read().KeyChar;
        return sequence == Begin ? new EditorInput(key, Paste(read)) : new EditorInput(default);
    }

    /// <summary>
    /// Signs up to the end mark; keys that are no text, such as an arrow in a copied escape sequence, are left out.
    /// </summary>
    private static string Paste(Func<ConsoleKeyInfo> read)
    {
        var text = new StringBuilder();
        while (true)
        {
            ConsoleKeyInfo key = read();
            char sign = key.Key == ConsoleKey.Enter || key.KeyChar == '\r' ? '\n' : key.KeyChar;
            if (sign == '\0')
                continue;
            text.Append(sign);
            if (sign == '~' && text.Length > End.Length && $"{text}".EndsWith("\e" + End, StringComparison.Ordinal))
            {
                text.Length -= End.Length + 1;
                break;
            }
        }

        return string.Concat($"{text}".Where(sign => sign is '\n' or '\t' || !char.IsControl(sign)));
    }
}
