using System.Diagnostics;
using System.Text.Json;

namespace Seriatim.Cli.Tests;

/// <summary>Every flag does something: it changes the text as it should, or is refused where it could not.</summary>
public sealed class GenerateOptionTests
{
    private const string Prompt = "Once upon a time";

    /// <summary>One process for each line would be slow; each case here is one process.</summary>
    [StoriesFact]
    public void Samplers_and_penalties_change_what_is_generated()
    {
        string plain = Text("-n", "40", "--seed", "3");
        foreach (string[] flags in new string[][]
        {
            ["--sampler-order", "huggingface", "--temp", "1.9"], ["--dynatemp-range", "0.7", "--dynatemp-exp", "2"],
            ["--mirostat", "2", "--mirostat-ent", "2", "--mirostat-lr", "0.3"],
            ["--xtc-probability", "1", "--xtc-threshold", "0.05"], ["--top-nsigma", "0.2"], ["--typical", "0.2"],
            ["--epsilon-cutoff", "0.3"], ["--eta-cutoff", "0.9"],
            ["--dry-multiplier", "5", "--dry-allowed-length", "1", "--dry-sequence-breaker", "none"],
            ["--no-repeat-ngram-size", "1"], ["--repeat-penalty", "1.9", "--repeat-last-n", "-1"],
        })
            Assert.True(plain != Text(["-n", "40", "--seed", "3", .. flags]), $"{string.Join(' ', flags)} changed nothing.");
    }

    [StoriesFact]
    public void Constraints_hold()
    {
        Assert.DoesNotContain("there", Text("--temp", "0", "-n", "30", "--bad-words", "there"));
        Assert.StartsWith($"{Prompt} said the cat", Text("--temp", "0", "-n", "30", "--forced-prefix", "said the cat"));
        JsonElement first = Json("--temp", "0", "-n", "1")[0];
        int usual = first.GetProperty("new_ids")[0].GetInt32();
        Assert.NotEqual(usual,
            Json("--temp", "0", "-n", "1", "--logit-bias", $"{usual}-inf")[0].GetProperty("new_ids")[0].GetInt32());
        Assert.NotEqual(usual,
            Json("--temp", "0", "-n", "1", "--suppress-tokens", $"{usual}")[0].GetProperty("new_ids")[0].GetInt32());
        Assert.All(Json("-n", "20", "--allowed-tokens", "300,301")[0].GetProperty("new_ids").EnumerateArray(),
            id => Assert.InRange(id.GetInt32(), 300, 301));
        Assert.Equal("stop_id",
            Json("--temp", "0", "-n", "9", "--stop-token-ids", $"{usual}")[0].GetProperty("finish_reason").GetString());
        Assert.Equal(9, Json("--temp", "0", "-n", "9", "--min-tokens", "9", "--stop-token-ids", $"{usual}")[0]
            .GetProperty("new_tokens").GetInt32());
    }

    [StoriesFact]
    public void Grammars_hold()
    {
        string file = Path.GetTempFileName();
        File.WriteAllText(file, "root ::= \" (\" [0-9]{3} \")\"\n");
        Assert.Matches(@"^Once upon a time (yes|no)$", Text("--choice", " yes", "--choice", " no").Trim());
        Assert.Matches(@"^Once upon a time = [a-z]{2,4};$", Text("--grammar", "root ::= \" = \" [a-z]{2,4} \";\"").Trim());
        Assert.Matches(@"^Once upon a time \([0-9]{3}\)$", Text("--grammar-file", file).Trim());
        File.WriteAllText(file,
            """{"type": "object", "properties": {"age": {"enum": [3, 14]}}, "required": ["age"], "additionalProperties": false}""");
        Assert.Contains(Text("--json-schema", file, "--no-echo").Replace(" ", "").Trim(),
            (string[])["{\"age\":3}", "{\"age\":14}"]);
        Assert.Contains(Text("-j", "{\"enum\": [3, 14]}", "--no-echo").Trim(), (string[])["3", "14"]);
        Assert.Matches("^ [a-f]{3}$", Text("--regex", " [a-f]{3}", "--no-echo").TrimEnd());
        File.Delete(file);
        (int code, _, string error) =
            Cli.Run("generate", "-m", Cli.Stories, "-p", Prompt, "--json-schema", "{\"type\": \"nothing\"}");
        Assert.Equal(2, code);
        Assert.Contains("--json-schema: JSON Schema", error, StringComparison.Ordinal);
        (code, _, error) = Cli.Run("generate", "-m", Cli.Stories, "-p", Prompt, "--grammar", "root ::= [a-z");
        Assert.Equal(2, code);
        Assert.Contains("--grammar: GBNF at line 1, column 10", error, StringComparison.Ordinal);
        (code, _, error) = Cli.Run("generate", "-m", Cli.Stories, "-p", Prompt, "--grammar", "root ::= [a-z]", "--choice", "x");
        Assert.Equal(2, code);
        Assert.Contains("--grammar and --choice contradict", error, StringComparison.Ordinal);
    }

    [StoriesFact]
    public void Several_continuations_and_their_probabilities_come_as_json()
    {
        JsonElement[] lines =
            Json("-n", "12", "--n", "3", "--best-of", "5", "--logprobs", "2", "--prompt-logprobs", "0", "--seed", "9");
        Assert.Equal(3, lines.Length);
        Assert.Equal([0, 1, 2], lines.Select(line => line.GetProperty("choice").GetInt32()));
        double[] scores = [.. lines.Select(line => line.GetProperty("score").GetDouble())];
        Assert.Equal(scores.OrderDescending(), scores);
        JsonElement[] probabilities = [.. lines[0].GetProperty("logprobs").EnumerateArray()];
        Assert.Equal(lines[0].GetProperty("new_ids").EnumerateArray().Select(id => id.GetInt32()),
            probabilities.Select(p => p.GetProperty("id").GetInt32()));
        Assert.All(probabilities, p => Assert.Equal(2, p.GetProperty("top").GetArrayLength()));
        Assert.Equal(scores[0], probabilities.Average(p => p.GetProperty("logprob").GetDouble()), 9);
        Assert.Equal(lines[0].GetProperty("prompt_tokens").GetInt32() - 1,
            lines[0].GetProperty("prompt_logprobs").GetArrayLength());
    }

    [StoriesFact]
    public void Beams_find_texts_that_are_not_less_probable()
    {
        JsonElement[] beams = Json("--beams", "4", "--length-penalty", "0", "--n", "2", "-n", "12");
        Assert.Equal(2, beams.Length);
        double greedy = Json("--temp", "0", "-n", "12", "--logprobs", "0")[0].GetProperty("logprobs").EnumerateArray()
            .Sum(p => p.GetProperty("logprob").GetDouble());
        Assert.True(beams[0].GetProperty("score").GetDouble() >= greedy - 1e-4);
        Assert.True(beams[0].GetProperty("score").GetDouble() >= beams[1].GetProperty("score").GetDouble());
        Assert.NotEqual(beams[0].GetProperty("completion").GetString(), beams[1].GetProperty("completion").GetString());
    }

    [StoriesFact]
    public void Speculation_changes_no_text()
    {
        string plain = Text("-n", "60", "--seed", "4");
        Assert.Equal(plain,
            Text("-n", "60", "--seed", "4", "--prompt-lookup", "--draft-max", "4", "--lookup-ngram-size", "2",
                "--lookup-branches", "2"));
        Assert.Equal(plain, Text("-n", "60", "--seed", "4", "--draft-model", Cli.Stories));
        Assert.True(Json("-n", "60", "--seed", "4", "--draft-model", Cli.Stories)[0].TryGetProperty("draft_tokens", out _));
    }

    [Fact]
    public void Flags_that_would_do_nothing_are_refused()
    {
        foreach (string[] flags in new string[][]
        {
            ["--xtc-threshold", "0.2"], ["--dynatemp-exp", "2"], ["--mirostat-ent", "3"], ["--dry-base", "2"],
            ["--length-penalty", "2"], ["--early-stopping"], ["--draft-max", "3"], ["--lookup-branches", "2"],
            ["--repeat-last-n", "9"], ["--logprobs", "1"], ["--logit-bias", "x"], ["--mirostat", "1"], ["--max-time", "0"],
            ["--sinks", "3"], ["--yarn-orig-ctx", "9"], ["--yarn-beta-fast", "9"], ["--rope-scaling", "yarn"],
            ["--rope-scaling", "other", "--rope-scale", "2"],
        })
        {
            // Some need no model to be refused, others are read with its tokenizer.
            string model = Directory.Exists(Cli.Stories) ? Cli.Stories : "no/such/folder";
            (int code, _, string error) = Cli.Run(["generate", "-m", model, "-p", "x", .. flags]);
            Assert.True(model != Cli.Stories || code == 2, $"{string.Join(' ', flags)} gave {code}: {error}");
            Assert.True(model != Cli.Stories || error.Contains(flags[0], StringComparison.Ordinal), error);
        }
    }

    [StoriesFact]
    public void A_window_and_stretched_positions_go_beyond_the_context()
    {
        string[] beyond = ["-n", "560", "--ignore-eos", "--seed", "3"];
        Assert.Equal(1, Cli.Run(["generate", "-m", Cli.Stories, "-p", Prompt, .. beyond]).Code);
        var texts = new List<string>();
        foreach (string[] flags in new string[][]
        {
            ["--window", "100"], ["--window", "100", "--sinks", "0"], ["--rope-scaling", "ntk", "--rope-scale", "4"],
            ["--rope-scaling", "dynamic", "--rope-scale", "1", "--yarn-orig-ctx", "200"],
            ["--rope-scaling", "yarn", "--rope-scale", "4"],
            ["--rope-scaling", "yarn", "--rope-scale", "4", "--yarn-attn-factor", "1.3"],
            ["--rope-scaling", "yarn", "--rope-scale", "4", "--yarn-beta-fast", "8"],
            ["--rope-scaling", "yarn", "--rope-scale", "4", "--yarn-beta-slow", "12"],
            ["--window", "60", "--rope-freq-base", "20000", "--rope-scaling", "linear", "--rope-scale", "2"],
        })
            texts.Add(Text([.. beyond, .. flags]));
        Assert.Equal(texts.Count, texts.Distinct().Count());
    }

    [StoriesFact]
    public void Keys_and_values_may_take_less_memory()
    {
        string[] flags = ["-n", "200", "--ignore-eos", "--seed", "4", "--temp", "1.5", "--top-k", "0", "--top-p", "1",
            "--min-p", "0"];
        string[] texts = [Text([.. flags]), Text([.. flags, "--cache-type", "f16"]), Text([.. flags, "--cache-type", "q8_0"])];
        Assert.NotEqual(texts[0], texts[2]);
        Assert.Equal(texts[1], Text([.. flags, "--cache-type", "F16", "--draft-model", Cli.Stories]));
        Assert.Equal(2, Cli.Run("generate", "-m", Cli.Stories, "-p", Prompt, "--cache-type", "q4_0").Code);
    }

    [StoriesFact]
    public void Verbose_splits_the_time_of_a_token()
    {
        (int code, string output, string error) =
            Cli.Run("generate", "-m", Cli.Stories, "-p", Prompt, "-n", "30", "--seed", "1", "-v");
        Assert.Equal(0, code);
        Assert.Equal(Text("-n", "30", "--seed", "1"), output);
        foreach (string part in new[] { "tokens/s", "prepare", "attention", "feed-forward", "norms", "projection", "sampling" })
            Assert.Contains(part, error);
        Assert.DoesNotContain("\e", error);
    }

    [StoriesFact]
    public void Ctrl_C_prints_what_there_is()
    {
        foreach (bool json in new[] { false, true })
        {
            string file = Path.GetTempFileName();
            File.WriteAllLines(file, Enumerable.Repeat("\"Once upon a time\"", 3000));
            using Process process = Cli.Start(
                ["generate", "-m", Cli.Stories, "--input", file, "-n", "500", "--ignore-eos", .. json ? new[] { "--json" } : []]);
            process.StandardInput.Close();
            string first = json
                ? process.StandardOutput.ReadLine()!
                : $"{(char)process.StandardOutput.Read()}{(char)process.StandardOutput.Read()}";
            using (Process kill = Process.Start("kill", ["-INT", $"{process.Id}"]))
                kill.WaitForExit();
            Task<string> error = process.StandardError.ReadToEndAsync();
            string rest = process.StandardOutput.ReadToEnd();
            Assert.True(process.WaitForExit(60_000), "It did not end.");
            File.Delete(file);
            Assert.True(process.ExitCode == 130, $"{process.ExitCode}: {error.Result}");
            Assert.DoesNotContain("   at ", error.Result);
            if (json)
                Assert.Contains("\"cancelled\"", rest);
            else
                Assert.StartsWith(Prompt, first + rest);
            Assert.EndsWith("\n", rest);
        }
    }

    [StoriesFact]
    public void Ctrl_C_gives_a_line_for_each_beam_that_was_asked_for()
    {
        using Process process = Cli.Start("generate", "-m", Cli.Stories, Prompt, "--beams", "4", "--n", "3", "--window", "64",
            "-n", "1000000", "--ignore-eos", "--json");
        process.StandardInput.Close();
        Thread.Sleep(1500);
        using (Process kill = Process.Start("kill", ["-INT", $"{process.Id}"]))
            kill.WaitForExit();
        string[] lines = process.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.True(process.WaitForExit(60_000), "It did not end.");
        Assert.Equal(130, process.ExitCode);
        Assert.Equal(3, lines.Length);
        Assert.All(lines,
            line => Assert.Equal("cancelled", JsonDocument.Parse(line).RootElement.GetProperty("finish_reason").GetString()));
    }

    [TerminalFact]
    public void Progress_is_shown_on_a_terminal_alone()
    {
        string program = Path.Combine(AppContext.BaseDirectory, "Seriatim.Cli.dll");
        string file = Path.GetTempFileName();
        File.WriteAllLines(file, Enumerable.Repeat("\"Once upon a time\"", 200));
        string command =
            $"dotnet '{program}' generate -m '{Cli.Stories}' --input '{file}' --json -n 400 --ignore-eos > /dev/null";
        var start = new ProcessStartInfo("/usr/bin/script", ["-qec", command, "/dev/null"])
        {
            RedirectStandardOutput = true,
            RedirectStandardInput = true,
        };
        start.Environment["TERM"] = "xterm-256color";
        using Process process = Process.Start(start)!;
        string seen = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        (_, _, string error) = Cli.Run("generate", "-m", Cli.Stories, "--input", file, "--json", "-n", "100");
        File.Delete(file);
        Assert.Contains("tokens/s", seen);
        Assert.Empty(error);
    }

    private static string Text(params string[] flags)
    {
        (int code, string output, string error) = Cli.Run(["generate", "-m", Cli.Stories, "-p", Prompt, "-t", "1", .. flags]);
        Assert.True(code == 0, error);
        return output;
    }

    private static JsonElement[] Json(params string[] flags) =>
        [.. Text(["--json", .. flags]).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonDocument.Parse(line).RootElement)];
}
