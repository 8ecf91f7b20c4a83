using System.CommandLine;
using Seriatim.Generation;

namespace Seriatim.Cli;

/// <summary>What an answer must look like; one of these at a time.</summary>
internal sealed class GrammarFlags
{
    private readonly Option<string?> _text = Flag.Maybe<string>(
        "The answer must follow a grammar (GBNF, as in llama.cpp), given here, e.g. 'root ::= [0-9]+'.", "text", "--grammar");
    private readonly Option<string?> _file = Flag.Maybe<string>("The answer must follow the grammar of a file.", "file",
        "--grammar-file");
    private readonly Option<string?> _schema = Flag.Maybe<string>(
        "The answer must be JSON that follows a JSON Schema: a file, or the schema itself (begins with '{').", "file|text",
        "--json-schema", "-j");
    private readonly Option<string?> _regex = Flag.Maybe<string>("The whole answer must match a regular expression.", "pattern",
        "--regex");
    private readonly Option<string[]> _choices = Flag.Many("The answer must be this text; may be given again for others.", "text",
        "--choice");

    public IEnumerable<Option> All => [_text, _file, _schema, _regex, _choices];

    /// <summary>The grammar; null: none was asked for.</summary>
    /// <exception cref="UsageException">Several were asked for, or one cannot be read.</exception>
    public Grammar? Read(ParseResult result)
    {
        Option[] given = [.. All.Where(result.IsGiven)];
        if (given.Length > 1)
            throw new UsageException($"{given[0].Name} and {given[1].Name} contradict each other: give one of them.");
        if (given.Length == 0)
            return null;
        try
        {
            return given[0] == _text ? Grammar.Gbnf(result.GetValue(_text)!)
                : given[0] == _file ? Grammar.Gbnf(ReadFile(result.GetValue(_file)!))
                : given[0] == _schema ? Grammar.JsonSchema(SchemaOf(result.GetValue(_schema)!))
                : given[0] == _regex ? Grammar.Regex(result.GetValue(_regex)!)
                : Grammar.Choice(result.GetValue(_choices)!);
        }
        catch (GrammarException failure)
        {
            throw new UsageException($"{given[0].Name}: {failure.Message}.");
        }
    }

    private static string SchemaOf(string value) => value.TrimStart().StartsWith('{') ? value : ReadFile(value);

    private static string ReadFile(string file) => File.Exists(file)
        ? File.ReadAllText(file)
        : throw new UserErrorException($"{file}: there is no such file.");
}
