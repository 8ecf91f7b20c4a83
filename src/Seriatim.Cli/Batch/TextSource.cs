using System.CommandLine;

namespace Seriatim.Cli;

/// <summary>Texts for the commands that read them: arguments, a file with one a line, or lines of a pipe.</summary>
internal sealed class TextSource(string what)
{
    private readonly Argument<string[]> _texts = new("texts")
    {
        Description = $"{what}; none: lines of standard input.",
        Arity = ArgumentArity.ZeroOrMore,
    };


    private readonly Option<string?> _file = Flag.Maybe<string>("A file with one text a line; - is standard input.",
        "file", "--file", "-f");

    public void AddTo(Command command)
    {
        command.Add(_texts);
        command.Add(_file);
    }

    /// <summary>The file they come from, if it is one.</summary>
    public string? File(ParseResult result) => result.GetValue(_file) is var file && file == "-" ? null : file;

    public TextLines Open(ParseResult result) => TextLines.Of(result.GetValue(_texts) ?? [], result.GetValue(_file));
}
