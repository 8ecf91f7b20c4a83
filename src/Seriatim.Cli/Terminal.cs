using Spectre.Console;

namespace Seriatim.Cli;

/// <summary>Text goes to standard output; everything else goes here, to standard error.</summary>
internal static class Terminal
{
    /// <summary>Standard error with colours where it is a terminal.</summary>
    public static IAnsiConsole Console { get; } = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(System.Console.Error) });

    public static void Error(string message) => Console.MarkupLineInterpolated($"[red]seriatim:[/] {message}");

    public static void Note(string message) => Console.MarkupLineInterpolated($"[grey]{message}[/]");

    /// <summary>A number of bytes as people read it.</summary>
    public static string Bytes(long bytes) => bytes switch
    {
        < 10_000 => $"{bytes} B",
        < 10_000_000 => $"{bytes / 1e3:0.0} kB",
        < 10_000_000_000 => $"{bytes / 1e6:0.0} MB",
        _ => $"{bytes / 1e9:0.0} GB",
    };
}
