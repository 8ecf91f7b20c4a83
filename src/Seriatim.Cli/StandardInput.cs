namespace Seriatim.Cli;

/// <summary>Reads standard input so that Ctrl-C ends the waiting: the console's own asynchronous methods block.</summary>
internal static class StandardInput
{
    public static Task<string?> ReadLineAsync(CancellationToken cancellation) => Task.Run(Console.In.ReadLine, cancellation).WaitAsync(cancellation);

    public static Task<string> ReadToEndAsync(CancellationToken cancellation) => Task.Run(Console.In.ReadToEnd, cancellation).WaitAsync(cancellation);
}
