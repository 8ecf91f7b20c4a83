using System.Diagnostics;
using System.Text.Json;

namespace Seriatim.Cli.Tests;

/// <summary>list, show, rm, doctor, completion, run.</summary>
public sealed class CatalogueTests : IDisposable
{
    private const string Commit = "0123456789abcdef0123456789abcdef01234567";

    private readonly TempFolder _home = new();

    public void Dispose() => _home.Dispose();

    [Fact]
    public void List_shows_what_is_there_and_rm_takes_it_away()
    {
        string model = Cached("owner/model", complete: true), part = Cached("owner/part", complete: false);
        JsonElement[] lines = [.. Run(0, "list", "--json").Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
        JsonElement cached = lines.Single(line => line.GetProperty("name").GetString() == "owner/model");
        Assert.Equal("llama", cached.GetProperty("architecture").GetString());
        Assert.True(cached.GetProperty("complete").GetBoolean());
        Assert.Equal(new DirectoryInfo(model).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length), cached.GetProperty("bytes").GetInt64());
        Assert.False(lines.Single(line => line.GetProperty("name").GetString() == "owner/part").GetProperty("complete").GetBoolean());
        Assert.Contains(lines, line => line.GetProperty("name").GetString() == "stories" && line.GetProperty("source").GetString() == "built_in");
        Assert.Contains("owner/model", Run(0, "list").Output);
        Assert.Contains("--yes", Run(2, "rm", "owner/model").Error);
        Assert.Contains("owner/model?", Run(1, "rm", "owner/modle", "--yes").Error);
        Assert.Contains("built-in", Run(1, "rm", "stories", "--yes").Error);
        Assert.Contains("of yours", Run(1, "rm", _home.Path, "--yes").Error);
        Assert.True(Directory.Exists(model));
        Run(0, "rm", "owner/model", "--yes");
        Assert.False(Directory.Exists(model));
        Assert.True(Directory.Exists(part));
        Assert.Contains("\"owner/part\"", Run(0, "rm", "owner/part", "-y", "--json").Output);
    }

    [Fact]
    public void Show_says_what_a_model_is()
    {
        using var folder = new TempFolder();
        TinyModels.WriteLlama(folder.Path);
        File.WriteAllText(folder.File("README.md"), "---\nlanguage: en\nlicense: apache-2.0\n---\n# A model\n");
        File.WriteAllText(folder.File("generation_config.json"), "{\"eos_token_id\": 0, \"temperature\": 0.6, \"top_k\": 20, \"repetition_penalty\": 1.25}");
        JsonElement shown = JsonDocument.Parse(Run(0, "show", folder.Path, "--json").Output).RootElement;
        Assert.Equal("llama", shown.GetProperty("architecture").GetString());
        Assert.Equal(256, shown.GetProperty("context").GetInt32());
        Assert.Equal("apache-2.0", shown.GetProperty("licence").GetString());
        Assert.True(shown.GetProperty("chat_template").GetBoolean());
        Assert.Equal(0.6, shown.GetProperty("defaults").GetProperty("temperature").GetDouble(), 6);
        Assert.Equal(1.25, shown.GetProperty("defaults").GetProperty("repetition_penalty").GetDouble(), 6);
        string text = Run(0, "show", folder.Path).Output;
        Assert.Contains("--temp 0.6 --top-k 20", text);
        Assert.All(text.Split('\n'), line => Assert.Equal(line.TrimEnd(), line));
        Assert.Contains("fill", Run(0, "show", "fill").Output);
    }

    [Fact]
    public void Doctor_knows_the_machine_and_keeps_secrets()
    {
        (int code, string output, string error) = Cli.RunIn([.. Environment, ("HF_TOKEN", "secret-token"), ("HTTPS_PROXY", "http://me:hidden@proxy:1")], "doctor", "--json", "-t", "1");
        Assert.True(code == 0, error);
        JsonElement report = JsonDocument.Parse(output).RootElement;
        Assert.True(report.GetProperty("read_bytes_per_second").GetDouble() > 1e8);
        Assert.True(report.GetProperty("f32_multiply_adds_per_second").GetDouble() > 1e8);
        Assert.True(report.GetProperty("memory_bytes").GetInt64() > 1 << 20);
        Assert.True(report.GetProperty("token").GetBoolean());
        Assert.DoesNotContain("secret-token", output);
        Assert.DoesNotContain("hidden", output);
        Assert.Contains(_home.Path, report.GetProperty("cache").GetString());
        string text = Run(0, "doctor").Output;
        Assert.Contains("processor", text);
        Assert.Contains("token of the hub", text);
    }

    [Fact]
    public void Completion_offers_what_the_program_knows()
    {
        Assert.Contains("translate", Suggest("tra", 3));
        Assert.Contains("--temp", Suggest("generate --te", 13));
        Assert.Contains("stories", Suggest("generate -m ", 12));
        Assert.Contains("q8_0", Suggest("generate --cache-type ", 22));
        foreach (string shell in CompletionScripts.Shells)
            Assert.Contains("[suggest:", Run(0, "completion", shell).Output);
        Assert.Contains("tcsh", Run(2, "completion", "tcsh").Error);

        string[] Suggest(string line, int position) => Run(0, $"[suggest:{position}]", line).Output.Split('\n');
    }

    [BashFact]
    public void Bash_completes()
    {
        string program = _home.File("seriatim");
        File.WriteAllText(program, $"#!/bin/bash\nexec dotnet '{Path.Combine(AppContext.BaseDirectory, "Seriatim.Cli.dll")}' \"$@\"\n");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.WriteAllText(_home.File("bash.sh"), Run(0, "completion", "bash").Output + """
            try() {
                COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
                _seriatim
                echo "${COMPREPLY[*]}"
            }
            try seriatim gen
            try seriatim generate --top-
            try seriatim chat -m sto
            """);
        var start = new ProcessStartInfo("/bin/bash", [_home.File("bash.sh")]) { RedirectStandardOutput = true };
        start.Environment["PATH"] = $"{_home.Path}:{start.Environment["PATH"]}";
        using Process bash = Process.Start(start)!;
        string[] lines = bash.StandardOutput.ReadToEnd().Split('\n');
        Assert.Equal("generate", lines[0]);
        Assert.Contains("--top-k", lines[1]);
        Assert.Contains("--top-p", lines[1]);
        Assert.StartsWith("stories", lines[2]);
    }

    [Fact]
    public void Run_chats_or_continues_as_the_model_can()
    {
        using var folder = new TempFolder();
        TinyModels.WriteLlama(folder.Path);
        string[] flags = ["-n", "6", "--temp", "0"];
        string chat = Cli.RunWithInput("the cat\n", ["chat", "-m", folder.Path, .. flags]).Output;
        Assert.Equal(chat, Run(0, ["run", folder.Path, "the", "cat", .. flags]).Output);
        Assert.Equal(chat, Cli.RunWithInput("the cat\n", ["run", folder.Path, .. flags]).Output);
        Assert.Equal(Run(0, ["generate", "The cat", .. flags]).Output, Run(0, ["run", "stories", "The cat", .. flags]).Output);
        Assert.Contains("translate -m zh-en", Run(1, "run", "zh-en", "x").Error);
        Assert.Contains("--system-prompt", Run(2, "run", "stories", "x", "--system-prompt", "y").Error);
    }

    private (string Name, string Value)[] Environment => [("HF_HOME", _home.Path), ("HF_HUB_OFFLINE", "1")];

    private (string Output, string Error) Run(int expected, params string[] args)
    {
        (int code, string output, string error) = Cli.RunIn(Environment, args);
        Assert.True(code == expected, $"{string.Join(' ', args)} gave {code}: {error}");
        return (output, error);
    }

    /// <summary>A folder of the cache, as the hub's own library leaves it.</summary>
    private string Cached(string id, bool complete)
    {
        string folder = _home.File($"hub/models--{id.Replace("/", "--")}"), snapshot = Path.Combine(folder, "snapshots", Commit);
        Directory.CreateDirectory(snapshot);
        Directory.CreateDirectory(Path.Combine(folder, "refs"));
        File.WriteAllText(Path.Combine(folder, "refs", "main"), Commit);
        File.WriteAllText(Path.Combine(snapshot, "config.json"), "{\"model_type\": \"llama\"}");
        if (complete)
            File.WriteAllText(Path.Combine(snapshot, "model.safetensors"), "weights");
        return folder;
    }
}
