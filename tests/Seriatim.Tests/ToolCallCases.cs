using System.Text;
using System.Text.Json;
using Seriatim.Tokenizers;

namespace Seriatim.Tests;

/// <summary>An answer of <c>../shared/toolcalls</c> and what must be read out of it.</summary>
internal sealed record ToolCallCase(string Id, string Format, string Text, bool StartsInReasoning, bool IsCut,
    JsonElement Expected)
{
    public override string ToString() => Id;

    /// <summary>The characters of the text, surrogates together.</summary>
    public string[] Points => [.. Text.EnumerateRunes().Select(rune => rune.ToString())];
}

/// <summary>All of them.</summary>
internal static class ToolCallCases
{
    /// <summary>By the name of a format in the file: what is told apart here by the tool's marks and the reasoning's.</summary>
    private static readonly Dictionary<string, (string Row, string? Close)> Formats = new()
    {
        ["hermes"] = ("hermes", null),
        ["qwen3"] = ("hermes", "</think>"),
        ["qwen3-coder"] = ("qwen3-coder", "</think>"),
        ["llama3-json"] = ("llama3-json", null),
        ["llama3-function"] = ("llama3-function", null),
        ["mistral"] = ("mistral", "[/THINK]"),
        ["deepseek-v3"] = ("deepseek-v3", null),
        ["deepseek-v3.1"] = ("deepseek-v3.1", null),
        ["deepseek-r1"] = ("deepseek-v3", "</think>"),
        ["harmony"] = ("harmony", null),
        ["gemma-function"] = ("gemma-function", null),
        ["gemma-tool-code"] = ("gemma-tool-code", null),
    };

    public static JsonElement File { get; } = JsonElement.Parse(
        System.IO.File.ReadAllText(Path.Combine(Repository.Shared, "toolcalls", "toolcalls.json")));

    public static IReadOnlyList<ChatTool> Tools { get; } =
    [
        .. File.GetProperty("tools").EnumerateArray().Select(tool => new ChatTool
        {
            Name = tool.GetProperty("name").GetString()!,
            Description = tool.GetProperty("description").GetString()!,
            Parameters = tool.GetProperty("parameters"),
        }),
    ];

    public static IReadOnlyList<ToolCallCase> All { get; } =
    [
        .. File.GetProperty("cases").EnumerateArray().Select(item => new ToolCallCase(
            item.GetProperty("id").GetString()!, item.GetProperty("format").GetString()!, item.GetProperty("text").GetString()!,
            item.GetProperty("starts_in_reasoning").GetBoolean(), item.GetProperty("finish").GetString() == "length",
            item.GetProperty("expected"))),
    ];

    public static string[] Marks(string format) =>
        [.. File.GetProperty("markers").GetProperty(format).EnumerateArray().Select(mark => mark.GetString()!)];

    public static AnswerFormat Format(string name)
    {
        (string row, string? close) = Formats[name];
        return new AnswerFormat(ToolFormats.All.First(format => format.Name == row).Format,
            close is null ? null : ReasoningMarks.Of(close));
    }

    public static AnswerReader Reader(ToolCallCase item) =>
        new(Format(item.Format), Tools, "call", item.StartsInReasoning);

    /// <summary>Everything that was read, in one line, as the file's rules compare it.</summary>
    public static string Summary(AnswerReader reader) => Summary(reader.Text, reader.Reasoning,
        reader.Calls.Select(call => (call.Name, call.Arguments)), reader.Malformed,
        reader.Incomplete is { } cut ? (cut.Name, cut.ArgumentsText) : null);

    public static string Summary(JsonElement expected) => Summary(
        expected.GetProperty("content").GetString()!, expected.GetProperty("reasoning").GetString()!,
        expected.GetProperty("tool_calls").EnumerateArray()
            .Select(call => (call.GetProperty("name").GetString()!, call.GetProperty("arguments"))),
        expected.TryGetProperty("malformed", out JsonElement blocks)
            ? [.. blocks.EnumerateArray().Select(block => block.GetString()!)] : [],
        expected.TryGetProperty("incomplete", out JsonElement cut)
            ? (cut.GetProperty("name").GetString(), cut.GetProperty("arguments_text").GetString()!) : null);

    public static string Summary(string content, string reasoning, IEnumerable<(string Name, JsonElement Arguments)> calls,
        IEnumerable<string> malformed, (string? Name, string Arguments)? incomplete)
    {
        var all = new StringBuilder($"content <{content.Trim()}> reasoning <{reasoning.Trim()}>");
        foreach ((string name, JsonElement arguments) in calls)
            all.Append($"\ncall {name} {Canonical(arguments)}");
        foreach (string block in malformed)
            all.Append($"\nmalformed <{block.Trim()}>");
        if (incomplete is { } cut)
            all.Append($"\nincomplete {cut.Name ?? "?"} <{cut.Arguments.Trim()}>");
        return $"{all}";
    }

    /// <summary>JSON by its values: keys in order, numbers by what they are.</summary>
    public static string Canonical(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Object => $"{{{string.Join(',', json.EnumerateObject()
            .OrderBy(member => member.Name,
                StringComparer.Ordinal).Select(member => $"{member.Name}:{Canonical(member.Value)}"))}}}",
        JsonValueKind.Array => $"[{string.Join(',', json.EnumerateArray().Select(Canonical))}]",
        JsonValueKind.Number => $"{json.GetDouble():R}",
        JsonValueKind.String => $"\"{json.GetString()}\"",
        _ => json.GetRawText(),
    };
}
