using System.Runtime.CompilerServices;
using System.Text;

namespace Seriatim.Cli;

/// <summary>Texts one by one, as they come: arguments, the lines of a file, or those of standard input.</summary>
/// <param name="name">What messages call their place.</param>
/// <param name="read">Reads them.</param>
internal sealed class TextLines(string name, Func<CancellationToken, IAsyncEnumerable<string>> read)
{
    /// <summary>Whether it is one text of the command line, which needs no number.</summary>
    public bool IsSingle { get; private init; }

    /// <param name="texts">Texts of the command line.</param>
    /// <param name="file">A file; - is standard input; null: none was given.</param>
    public static TextLines Of(string[] texts, string? file)
    {
        if (texts.Length > 0 && file is not null)
            throw new UsageException("Give texts as arguments or with -f, not both.");
        if (texts.Length > 0)
            return new TextLines("text", _ => texts.ToAsyncEnumerable()) { IsSingle = texts.Length == 1 };
        if (file is null or "-")
            return new TextLines("standard input, line", StandardInputAsync);
        return File.Exists(file) ? new TextLines($"{file}, line", cancellation => LinesAsync(file, cancellation))
            : throw new UserErrorException($"{file}: there is no such file.");
    }

    /// <summary>What messages call a text; empty: nothing, because there is one alone.</summary>
    /// <param name="number">Its number, from 1.</param>
    public string Place(int number) => IsSingle ? "" : $"{name} {number}";

    public IAsyncEnumerable<string> ReadAsync(CancellationToken cancellation) => read(cancellation);

    private static async IAsyncEnumerable<string> LinesAsync(string file, [EnumeratorCancellation] CancellationToken cancellation)
    {
        // Bytes that are no UTF-8 would be read as something that nobody wrote. A byte order mark is no part of the text.
        using var reader = new StreamReader(file,
            new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true));
        for (int number = 1; ; number++)
        {
            string? line;
            try
            {
                line = await reader.ReadLineAsync(cancellation);
            }
            catch (DecoderFallbackException)
            {
                throw new UserErrorException($"{file} is not UTF-8 text (near line {number}). Convert it first.");
            }

            if (line is null)
                yield break;
            yield return line;
        }
    }

    private static async IAsyncEnumerable<string> StandardInputAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        if (!Console.IsInputRedirected)
            Terminal.Note("Type texts, one a line; an empty file end (Ctrl-D, or Ctrl-Z and Enter on Windows) ends it.");
        while (await StandardInput.ReadLineAsync(cancellation) is { } line)
            yield return line.TrimEnd('\r');
    }
}
