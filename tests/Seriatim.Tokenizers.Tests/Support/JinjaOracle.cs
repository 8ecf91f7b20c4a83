using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using JsonTree = System.Text.Json.Nodes.JsonNode;

namespace Seriatim.Tokenizers.Tests;

/// <summary>Renders templates with Jinja2 itself, by ../shared/templates/render.py, and with ours over the same conversations.</summary>
internal static class JinjaOracle
{
    private static readonly Lazy<string?> Python = new(() => new[] { "python3", "/usr/bin/python3" }.FirstOrDefault(name => Run(name, "-c", "import jinja2").Code == 0));

    /// <summary>Why tests against Jinja2 are skipped, or null.</summary>
    public static string? Missing { get; } = Shared.Missing ?? (Python.Value is null ? "no python3 with jinja2 is here (Debian: python3-jinja2)" : null);

    /// <summary>The conversations of ../shared, and one whose tools have what breaks templates: a parameter called items, and 1e-7.</summary>
    public static JsonTree Conversations()
    {
        JsonTree data = JsonTree.Parse(File.ReadAllText(Shared.PathOf("templates", "conversations.json")))!;
        JsonTree messages = data["conversations"]!["tools"]!["messages"]!;
        data["conversations"]!["awkward"] = new JsonObject
        {
            ["messages"] = messages.DeepClone(),
            ["variables"] = new JsonObject { ["tools"] = JsonTree.Parse(AwkwardTools) },
        };
        JsonTree call = data["conversations"]!["call"]!.DeepClone();
        call["variables"]!["tools"] = JsonTree.Parse(AwkwardTools);
        call["messages"]![1]!["tool_calls"]![0]!["function"]!["arguments"] = JsonTree.Parse("""{"items": ["a"], "keys": 1e-7, "values": {"get": 1E+16}, "n": 12345678901234567890}""");
        data["conversations"]!["awkward-call"] = call;
        return data;
    }

    /// <summary>What Jinja2 gives for each template of a folder and each conversation; null where it gives an error.</summary>
    public static IEnumerable<(string Template, string Conversation, bool Prompt, string? Text)> Render(string folder, JsonTree conversations)
    {
        string here = Directory.CreateTempSubdirectory("seriatim-jinja-").FullName;
        File.Copy(Shared.PathOf("templates", "render.py"), Path.Combine(here, "render.py"));
        File.WriteAllText(Path.Combine(here, "conversations.json"), conversations.ToJsonString());
        (int code, string output) = Run(Python.Value!, Path.Combine(here, "render.py"), folder);
        Directory.Delete(here, recursive: true);
        Assert.Equal(0, code);
        foreach (string line in output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            JsonTree row = JsonTree.Parse(line)!;
            yield return ((string)row["template"]!, (string)row["conversation"]!, (bool)row["add_generation_prompt"]!, (string?)row["text"]);
        }
    }

    /// <summary>What we give; null with the reason where it is an error.</summary>
    public static (string? Text, string? Problem) Ours(string source, JsonTree conversations, string name, bool prompt)
    {
        JsonTree conversation = conversations["conversations"]![name]!;
        var variables = new Dictionary<string, object?> { ["messages"] = conversation["messages"] };
        foreach ((string key, JsonTree? value) in conversations["variables"]!.AsObject().Concat(conversation["variables"]!.AsObject()))
            variables[key] = value;
        var now = new DateTimeOffset(DateTime.Parse((string)conversations["now"]!, System.Globalization.CultureInfo.InvariantCulture), TimeSpan.Zero);
        try
        {
            return (new ChatTemplate(source).Render([], prompt, variables, now), null);
        }
        catch (ChatTemplateException e)
        {
            return (null, e.Message);
        }
    }

    /// <summary>The differences between Jinja2 and ours over all templates of a folder.</summary>
    public static (int Compared, List<string> Differences) Compare(string folder)
    {
        JsonTree conversations = Conversations();
        var differences = new List<string>();
        int compared = 0;
        foreach ((string template, string conversation, bool prompt, string? expected) in Render(folder, conversations))
        {
            compared++;
            (string? text, string? problem) = Ours(File.ReadAllText(Path.Combine(folder, template)), conversations, conversation, prompt);
            if (text != expected)
                differences.Add($"{template}, {conversation}, {prompt}: {problem ?? Around(expected, text!)}");
        }

        return (compared, differences);
    }

    private static string Around(string? expected, string text)
    {
        if (expected is null)
            return $"an error is right, we give {text[..Math.Min(80, text.Length)]}";
        int at = expected.AsSpan().CommonPrefixLength(text);
        string Part(string whole) => whole[Math.Max(0, at - 30)..Math.Min(whole.Length, at + 60)];
        return $"\n  right {JsonSerializer.Serialize(Part(expected))}\n  ours  {JsonSerializer.Serialize(Part(text))}";
    }

    private static (int Code, string Output) Run(string program, params string[] arguments)
    {
        try
        {
            var start = new ProcessStartInfo(program, arguments)
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                StandardOutputEncoding = new UTF8Encoding(false),
                Environment = { ["PYTHONIOENCODING"] = "utf-8" },
            };
            using Process process = Process.Start(start)!;
            process.ErrorDataReceived += (_, _) => { };
            process.BeginErrorReadLine();
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, output);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return (-1, "");
        }
    }

    private const string AwkwardTools = """
        [{"type": "function", "function": {"name": "put", "description": "Puts 'em in.", "parameters": {"type": "object",
          "properties": {
            "items": {"type": "array", "description": "What to put", "items": {"type": "string", "minLength": 1}},
            "keys": {"type": "number", "minimum": 1e-7, "maximum": 1E+16, "default": 0.1},
            "values": {"type": "object", "properties": {"get": {"type": "integer", "multipleOf": 100000000000000000000}}, "required": ["get"]},
            "count": {"type": ["integer", "null"], "enum": [1, 2.0, null, true], "default": 1.5e300}},
          "required": ["items", "keys"]}}}]
        """;
}

/// <summary>A fact that needs ../shared and a python3 with jinja2; without them a visible skip.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class JinjaFactAttribute : FactAttribute
{
    public JinjaFactAttribute() => Skip = JinjaOracle.Missing;
}
