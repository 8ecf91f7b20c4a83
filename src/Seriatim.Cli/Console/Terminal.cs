using Spectre.Console;
using Spectre.Console.Rendering;

namespace Seriatim.Cli;

/// <summary>Text goes to standard output; everything else goes here, to standard error.</summary>
internal static class Terminal
{
    private const int UsualWidth = 80, MostWidth = 110;

    /// <summary>Standard output for tables and colours: plain text where it is not a terminal.</summary>
    public static IAnsiConsole Output { get; } = Create(System.Console.Out, System.Console.IsOutputRedirected);

    /// <summary>Standard error for progress.</summary>
    public static IAnsiConsole Progress { get; } = Create(System.Console.Error, System.Console.IsErrorRedirected);

    /// <summary>Columns for help and tables: those of the terminal, not too many to read; 80 elsewhere.</summary>
    public static int HelpWidth =>
        System.Console.IsOutputRedirected ? UsualWidth : Math.Clamp(Output.Profile.Width, 24, MostWidth);

    /// <summary>Whether standard output shows colours.</summary>
    public static bool IsOutputColoured =>
        !System.Console.IsOutputRedirected && Output.Profile.Capabilities.ColorSystem != ColorSystem.NoColors;

    public static void Error(string message) => WriteLine("seriatim:", "red", message);

    public static void Note(string message) => WriteLine("", "grey", message);

    /// <summary>What a model thinks, as it comes: on standard error, beside the text.</summary>
    public static void Thought(string text) => System.Console.Error.Write(
        Progress.Profile.Capabilities.ColorSystem != ColorSystem.NoColors ? $"\e[90m{text}\e[0m" : text);

    /// <summary>Progress hides the cursor; a program that is ended in the middle of it gives it back.</summary>
    public static void ShowCursor()
    {
        if (!System.Console.IsErrorRedirected && Progress.Profile.Capabilities.Ansi)
            System.Console.Error.Write("\e[?25h");
    }

    /// <summary>A line on standard error that the next one takes the place of; nothing where that is no terminal.</summary>
    public static void Live(string text)
    {
        if (!IsLive)
            return;
        int width = Math.Max(1, Progress.Profile.Width - 1);
        string line = WordFold.Lines(text.ReplaceLineEndings(" "), width).First();
        System.Console.Error.Write($"\r\e[K\e[90m{line}\e[0m");
        _live = true;
    }

    /// <summary>Takes it away.</summary>
    public static void ClearLive()
    {
        if (_live)
            System.Console.Error.Write("\r\e[K");
        _live = false;
    }

    private static bool IsLive => !System.Console.IsErrorRedirected && Progress.Profile.Capabilities.Ansi;

    private static volatile bool _live;

    /// <summary>Writes a table to standard output: folded to a terminal, without blanks at the ends of lines elsewhere.</summary>
    public static void Table(IRenderable table)
    {
        if (!System.Console.IsOutputRedirected)
        {
            Output.Write(table);
            return;
        }

        using var text = new StringWriter();
        Create(text, redirected: true).Write(table);
        foreach (string line in $"{text}".TrimEnd().Split('\n'))
            System.Console.Out.WriteLine(line.TrimEnd());
    }

    /// <summary>Lines are folded at words on a terminal; a log must not have it.</summary>
    private static void WriteLine(string label, string colour, string message)
    {
        bool coloured = Progress.Profile.Capabilities.ColorSystem != ColorSystem.NoColors;
        string code = colour == "red" ? "31" : "90";
        if (!System.Console.IsErrorRedirected && Progress.Profile.Width >= 20)
        {
            string folded = string.Join('\n',
                WordFold.Lines(label.Length == 0 ? message : $"{label} {message}", Progress.Profile.Width));
            message = label.Length == 0 ? folded : folded[(label.Length + 1)..];
        }

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
