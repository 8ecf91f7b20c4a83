using System.CommandLine;

namespace Seriatim.Cli;

/// <summary>Texts for the commands that read them: arguments, a file with one a line, or lines of a pipe.</summary>
internal sealed class TextSource(string what)
{
    private readonly Argument<string[]> _texts = new("texts") { Description = $"{what}; none: lines of standard input.", Arity = ArgumentArity.ZeroOrMore };
    private readonly Option<string?> _file = Flag.Maybe<string>("A file with one text a line.", "file", "--file", "-f");

    public void AddTo(Command command)
    {
        _texts.Validators.Add(result =>
        {
            if (result.Tokens.FirstOrDefault(token => token.Value is ['-', _, ..]) is { } flag)
                result.AddError($"There is no option {flag.Value}. (A text that begins with a hyphen is given through a pipe or with -f.)");
        });
        command.Add(_texts);
        command.Add(_file);
    }

    public async Task<IReadOnlyList<string>> ReadAsync(ParseResult result, CancellationToken cancellation)
    {
        string[] texts = result.GetValue(_texts) ?? [];
        string? file = result.GetValue(_file);
        if (texts.Length > 0 && file is not null)
            throw new UserErrorException("Give texts as arguments or with -f, not both.");
        if (file is not null && !File.Exists(file))
            throw new UserErrorException($"{file}: there is no such file.");
        if (file is not null)
            texts = await File.ReadAllLinesAsync(file, cancellation);
        else if (texts.Length == 0 && Console.IsInputRedirected)
            texts = [.. (await StandardInput.ReadToEndAsync(cancellation)).TrimEnd('\r', '\n').Split('\n').Select(line => line.TrimEnd('\r'))];
        return texts.Length > 0 ? texts : throw new UserErrorException("Give a text: as an argument, with -f, or through a pipe.");
    }
}
