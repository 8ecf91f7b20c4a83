using System.CommandLine;
using System.Text.Json;

namespace Seriatim.Cli;

/// <summary>Where prompts come from: the command line, a file, a file of many, or a pipe; exactly one of them.</summary>
internal sealed class PromptSource
{
    private readonly Argument<string?> _text = new("prompt")
    {
        Description = "The text to continue; without any prompt option, standard input.",
        Arity = ArgumentArity.ZeroOrOne,
    };
    private readonly Option<string?> _prompt = new("--prompt", "-p") { Description = "The text to continue.", HelpName = "text" };
    private readonly Option<string?> _file =
        new("--file", "-f") { Description = "A file that holds the text to continue; - is standard input.", HelpName = "file" };
    private readonly Option<string?> _input = new("--input")
    {
        Description = "Many prompts: a file of JSON lines, each {\"prompt\": \"...\"} (also \"seed\" and \"max_new_tokens\") or "
            + "a JSON string; - for standard input.",
        HelpName = "prompts.jsonl",
    };

    public void AddTo(Command command)
    {
        command.Add(_text);
        command.Add(_prompt);
        command.Add(_file);
        command.Add(_input);
    }

    public async Task<IReadOnlyList<Prompt>> ReadAsync(ParseResult result, CancellationToken cancellation)
    {
        string? text = result.GetValue(_text);
        string? prompt = result.GetValue(_prompt);
        string? file = result.GetValue(_file);
        string? input = result.GetValue(_input);
        int given = new[] { text, prompt, file, input }.Count(value => value is not null);
        if (given > 1)
            throw new UsageException("Give the prompt once: as an argument, with -p, with -f, or with --input.");
        if (input is not null)
            return Lines(input == "-" ? "standard input" : input, await ReadFileAsync(input, cancellation));
        if (file is not null)
            return [new Prompt(await ReadFileAsync(file, cancellation))];
        if ((text ?? prompt) is { } direct)
            return [new Prompt(direct)];
        if (!Console.IsInputRedirected)
            throw new UsageException("Give a prompt: as an argument, with -p, with -f, with --input, or through a pipe.");
        return [new Prompt((await StandardInput.ReadToEndAsync(cancellation)).TrimEnd('\r', '\n'))];
    }

    private static async Task<string> ReadFileAsync(string path, CancellationToken cancellation) =>
        path == "-" ? await StandardInput.ReadToEndAsync(cancellation)
            : File.Exists(path)
            ? await File.ReadAllTextAsync(path, cancellation)
            : throw new UserErrorException($"{path}: there is no such file.");

    private static List<Prompt> Lines(string name, string content)
    {
        var prompts = new List<Prompt>();
        string[] lines = content.Split('\n');
        for (int i = 0; i < lines.Length; i++)
        {
            if (!string.IsNullOrWhiteSpace(lines[i]))
                prompts.Add(Line($"{name}, line {i + 1}", lines[i]) with { Place = $"{name}, line {i + 1}" });
        }

        return prompts.Count > 0 ? prompts : throw new UserErrorException($"{name}: there is no prompt in it.");
    }

    private static Prompt Line(string place, string line)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(line);
            JsonElement root = json.RootElement;
            if (root.ValueKind == JsonValueKind.String)
                return new Prompt(root.GetString()!);
            if (root.ValueKind != JsonValueKind.Object)
                throw new UserErrorException($"{place}: a JSON object with \"prompt\" or a JSON string is needed.");
            var prompt = new Prompt("");
            bool found = false;
            foreach (JsonProperty property in root.EnumerateObject())
            {
                found |= property.Name == "prompt";
                prompt = Apply(place, prompt, property);
            }

            return found ? prompt : throw new UserErrorException($"{place}: \"prompt\" is missing.");
        }
        catch (JsonException failure)
        {
            throw new UserErrorException($"{place}: this is not JSON: {failure.Message}");
        }
    }

    private static Prompt Apply(string place, Prompt prompt, JsonProperty property)
    {
        JsonElement value = property.Value;
        return property.Name switch
        {
            "prompt" when value.ValueKind == JsonValueKind.String => prompt with { Text = value.GetString()! },
            "seed" when value.ValueKind == JsonValueKind.Number && value.TryGetUInt64(out ulong seed) =>
                prompt with { Seed = seed },
            "max_new_tokens"
                when value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int most) && most is -1 or >= 1 =>
                prompt with { MaxNewTokens = most },
            "prompt" or "seed" or "max_new_tokens" =>
                throw new UserErrorException($"{place}: \"{property.Name}\" is {value.GetRawText()}, which it cannot be."),
            _ =>
                throw new UserErrorException(
                    $"{place}: \"{property.Name}\" is not known; there are \"prompt\", \"seed\" and \"max_new_tokens\"."),
        };
    }
}
