using System.CommandLine;
using System.Globalization;
using System.Text;

namespace Seriatim.Cli;

/// <summary>
/// Writes help for a width: names on the left, words folded on the right; where there is little room, below each other.
/// </summary>
internal sealed class HelpText(int width, bool coloured)
{
    private const int Indent = 2, Gap = 2, MostNames = 30, NarrowWidth = 60;

    /// <summary>Marks that end the first statement of a description.</summary>
    private static readonly string[] Ends = [". ", "; ", " (", ": "];

    private readonly StringBuilder _text = new();

    /// <summary>All commands by their groups.</summary>
    public string Overview(RootCommand root)
    {
        Paragraph(root.Description!);
        Heading("Usage");
        Verbatim("seriatim COMMAND [...]");
        Command[] verbs = [.. root.Subcommands.Where(verb => !verb.Hidden)];
        int column = Column(verbs.Select(verb => verb.Name));
        foreach (string group in HelpPages.Groups)
        {
            Heading(group);
            foreach (Command verb in verbs.Where(verb => (HelpPages.Of(verb.Name)?.Group ?? HelpPages.Program) == group))
                Row(verb.Name, verb.Description ?? "", column);
        }

        Examples(HelpPages.First);
        _text.AppendLine();
        Paragraph("'seriatim COMMAND -h' shows what is needed most of a command, '--help' all of it.");
        return $"{_text}";
    }

    /// <summary>The flags that are needed most, each in a line, and examples.</summary>
    public string Brief(Command command)
    {
        HelpPage? page = PageOf(command);
        Begin(command);
        Option[] all = [.. Visible(command)];
        Option[] shown = page?.Common is { } common
            ? [.. common.Select(name => all.FirstOrDefault(option => option.Name == name)).OfType<Option>()] : all;
        Options("Flags", shown, brief: true);
        if (page is not null && OwnPageOf(command) is not null)
            Examples(page.Examples);
        _text.AppendLine();
        Paragraph(all.Length > shown.Length
            ? $"{all.Length - shown.Length} more flags, and all in full: '{PathOf(command)} --help'"
            : $"In full: '{PathOf(command)} --help'");
        return $"{_text}";
    }

    /// <summary>All flags by their sections, in full.</summary>
    public string Full(Command command)
    {
        Begin(command);
        foreach (IGrouping<string, Option> section in Visible(command).GroupBy(option => HelpSections.Of(option) ?? "Flags"))
            Options(section.Key, [.. section], brief: false);
        if (PageOf(command) is { } page && OwnPageOf(command) is not null)
            Examples(page.Examples);
        return $"{_text}";
    }

    private void Begin(Command command)
    {
        Paragraph(command.Description ?? "");
        Heading("Usage");
        string verbs = command.Subcommands.Count == 0 ? "" : command.Arguments.Count > 0 ? " [COMMAND]" : " COMMAND";
        string texts = string.Concat(command.Arguments.Select(argument => argument.Arity.MinimumNumberOfValues == 0
            ? $" [{argument.Name}]"
            : $" {argument.Name}"));
        string required = string.Concat(command.Options.Where(option => option.Required)
            .Select(option => $" {Short(option)} {Value(option)}"));
        Verbatim($"{PathOf(command)}{verbs}{texts}{required} [flags]");
        if (command.Subcommands.Count > 0)
        {
            Heading("Commands");
            int column = Column(command.Subcommands.Select(verb => verb.Name));
            foreach (Command verb in command.Subcommands)
                Row(verb.Name, verb.Description ?? "", column);
        }

        if (command.Arguments.Count == 0)
            return;
        _text.AppendLine();
        int names = Column(command.Arguments.Select(argument => argument.Name));
        foreach (Argument argument in command.Arguments)
            Row(argument.Name, argument.Description ?? "", names);
    }

    private void Options(string heading, Option[] options, bool brief)
    {
        if (options.Length == 0)
            return;
        Heading(heading);
        string[] names = [.. options.Select(option => Names(option, brief))];
        int column = Column(names);
        for (int i = 0; i < options.Length; i++)
        {
            string words = options[i].Description ?? "";
            Row(names[i], brief ? FirstWords(words) : words + Default(options[i], words), column);
        }
    }

    private void Examples(IReadOnlyList<(string Line, string What)> examples)
    {
        if (examples.Count == 0)
            return;
        Heading("Examples");
        foreach ((string line, string what) in examples)
        {
            string full = line.Contains("seriatim", StringComparison.Ordinal) && line.Contains('|') ? line : $"seriatim {line}";
            int length = Indent + TextWidth.Of(full) + 4;
            bool beside = what.Length > 0 && length + Gap + 2 + TextWidth.Of(what) <= width;
            Verbatim(full, behind: beside ? Dim($"{new string(' ', Gap)}# {what}") : "");
            if (!beside && what.Length > 0)
                Verbatim($"  # {what}", Dim);
        }
    }

    private void Row(string name, string words, int column)
    {
        string[] names = [.. WordFold.Lines(name, width - Indent)];
        int taken = Indent + TextWidth.Of(names[^1]);
        _text.Append(' ', Indent).AppendJoin(Environment.NewLine + new string(' ', Indent), names.Select(Bold));
        int from = width < NarrowWidth ? Indent + 4 : Indent + column + Gap;
        if (words.Length == 0)
        {
            _text.AppendLine();
            return;
        }

        if (taken + Gap > from)
            _text.AppendLine().Append(' ', from);
        else
            _text.Append(' ', from - taken);
        _text.AppendJoin(Environment.NewLine + new string(' ', from), WordFold.Lines(words, width - from)).AppendLine();
    }

    private void Heading(string heading) => _text.AppendLine().AppendLine(coloured ? $"\e[1;36m{heading}\e[0m" : heading);

    private void Paragraph(string words) => _text.AppendJoin(Environment.NewLine, WordFold.Lines(words, width)).AppendLine();

    /// <summary>Command lines are folded where a shell would let them be.</summary>
    private void Verbatim(string line, Func<string, string>? style = null, string behind = "") => _text.Append(' ', Indent)
        .AppendJoin(Environment.NewLine + new string(' ', Indent + 4),
            WordFold.Lines(line, width - Indent - 4).Select(style ?? (text => text))).Append(behind).AppendLine();

    private string Bold(string text) => coloured ? $"\e[1m{text}\e[0m" : text;

    private string Dim(string text) => coloured ? $"\e[90m{text}\e[0m" : text;

    private static int Column(IEnumerable<string> names) =>
        names.Select(TextWidth.Of).Where(length => length <= MostNames).DefaultIfEmpty(0).Max();

    private static IEnumerable<Option> Visible(Command command) =>
        command.Options.Where(option => !option.Hidden && option is not (System.CommandLine.Help.HelpOption or VersionOption));

    /// <summary>The short name first, as everywhere; a short help leaves the other spellings out.</summary>
    private static string Names(Option option, bool brief)
    {
        string[] names = [.. option.Aliases.Append(option.Name).OrderBy(name => name.StartsWith("--", StringComparison.Ordinal))
            .ThenBy(name => name != option.Name)];
        if (brief)
            names = [.. names.Where(name => name == option.Name || name.Length == 2).TakeLast(2)];
        return option.ValueType == typeof(bool) ? string.Join(", ", names) : $"{string.Join(", ", names)} {Value(option)}";
    }

    private static string Short(Option option) => option.Aliases.FirstOrDefault(name => name.Length == 2) ?? option.Name;

    private static string Value(Option option) =>
        $"<{option.HelpName ?? (option.ValueType.IsEnum ? string.Join('|', Enum.GetNames(option.ValueType)) : "value")}>";

    private static string Default(Option option, string words)
    {
        if (!option.HasDefaultValue || option.ValueType == typeof(bool)
            || words.Contains("default", StringComparison.OrdinalIgnoreCase))
        {
            return "";
        }
        string? value = Convert.ToString(option.GetDefaultValue(), CultureInfo.InvariantCulture);
        return string.IsNullOrEmpty(value) ? "" : $" [default: {value}]";
    }

    /// <summary>The first statement of a description, for those who only want to know what a flag is about.</summary>
    private static string FirstWords(string words)
    {
        int end = Ends.Select(mark => words.IndexOf(mark, StringComparison.Ordinal)).Where(at => at > 0)
            .DefaultIfEmpty(words.Length).Min();
        return words[..end].TrimEnd('.');
    }

    /// <summary>A command's own page, or that of the one above.</summary>
    private static HelpPage? PageOf(Command command) => OwnPageOf(command)
        ?? (command.Parents.OfType<Command>().FirstOrDefault() is { } parent ? HelpPages.Of(parent.Name) : null);

    private static HelpPage? OwnPageOf(Command command) =>
        command.Parents.OfType<Command>().FirstOrDefault() is { } parent and not RootCommand
            ? HelpPages.Of($"{parent.Name} {command.Name}") : HelpPages.Of(command.Name);

    private static string PathOf(Command command) => command is RootCommand ? "seriatim"
        : $"{(command.Parents.OfType<Command>().FirstOrDefault() is { } parent ? PathOf(parent) : "seriatim")} {command.Name}";
}
