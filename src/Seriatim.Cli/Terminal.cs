using Spectre.Console;

namespace Seriatim.Cli;

/// <summary>Text goes to standard output; everything else goes here, to standard error.</summary>
internal static class Terminal
{
    /// <summary>Standard output for tables and colours: plain text where it is not a terminal.</summary>
    public static IAnsiConsole Output { get; } = Create(System.Console.Out, System.Console.IsOutputRedirected);

    /// <summary>Standard error for progress.</summary>
    public static IAnsiConsole Progress { get; } = Create(System.Console.Error, System.Console.IsErrorRedirected);

    public static void Error(string message) => WriteLine("seriatim:", "red", message);

    public static void Note(string message) => WriteLine("", "grey", message);

    /// <summary>Progress hides the cursor; a program that is ended in the middle of it gives it back.</summary>
    public static void ShowCursor()
    {
        if (!System.Console.IsErrorRedirected && Progress.Profile.Capabilities.Ansi)
            System.Console.Error.Write("\e[?25h");
    }

    /// <summary>Lines are not wrapped: a terminal does that itself, and a log must not have it.</summary>
    private static void WriteLine(string label, string colour, string message)
    {
        bool coloured = Progress.Profile.Capabilities.ColorSystem != ColorSystem.NoColors;
        string code = colour == "red" ? "31" : "90";
        string text = label.Length == 0 ? message : label;
        string rest = label.Length == 0 ? "" : $" {message}";
        System.Console.Error.WriteLine(coloured ? $"\e[{code}m{text}\e[0m{rest}" : text + rest);
    }

    private static IAnsiConsole Create(TextWriter writer, bool redirected)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = redirected ? AnsiSupport.No : AnsiSupport.Detect,
            ColorSystem = redirected ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
        });
        if (redirected)
            console.Profile.Width = 4096;
        return console;
    }

    /// <summary>A number of bytes as people read it.</summary>
    public static string Bytes(long bytes) => bytes switch
    {
        < 10_000 => $"{bytes} B",
        < 10_000_000 => $"{bytes / 1e3:0.0} kB",
        < 10_000_000_000 => $"{bytes / 1e6:0.0} MB",
        _ => $"{bytes / 1e9:0.0} GB",
    };
}
