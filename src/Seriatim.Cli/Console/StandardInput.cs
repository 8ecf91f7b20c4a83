namespace Seriatim.Cli;

/// <summary>
/// Reads standard input so that Ctrl-C ends the waiting: the console's own asynchronous methods block. A byte order mark, which
/// editors and shells of Windows put first, is no part of the text.
/// </summary>
internal static class StandardInput
{
    private const char ByteOrderMark = '\uFEFF';

    private static bool _begun;

    public static Task<string?> ReadLineAsync(CancellationToken cancellation) =>
        Task.Run(() => Begin(Console.In.ReadLine()), cancellation).WaitAsync(cancellation);

    public static Task<string> ReadToEndAsync(CancellationToken cancellation) =>
        Task.Run(ReadToEnd, cancellation).WaitAsync(cancellation);

    public static string ReadToEnd() => Begin(Console.In.ReadToEnd())!;

    private static string? Begin(string? text)
    {
        bool first = !_begun;
        _begun = true;
        return first && text is [ByteOrderMark, ..] ? text[1..] : text;
    }
}
