using System.Diagnostics;
using System.Text.Json;

namespace Seriatim.Cli.Tests;

/// <summary>chat, embed, fill, score and pull, on models of random weights: what they print and what they refuse.</summary>
public sealed class VerbTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Chat_answers_lines_and_remembers_until_it_is_reset()
    {
        TinyModels.WriteLlama(_folder.Path);
        string[] lines = Run("the cat\nthe cat\n/reset\nthe cat\n/exit\nnever read\n", "chat", "-m", _folder.Path, "-n", "8",
            "--temp", "0", "--json").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        string[] answers = [.. lines.Select(line => JsonDocument.Parse(line).RootElement.GetProperty("answer").GetString()!)];
        Assert.Equal(3, answers.Length);
        Assert.Equal(answers[0], answers[2]);
        Assert.NotEqual(answers[0], answers[1]);
        JsonElement first = JsonDocument.Parse(lines[0]).RootElement;
        Assert.Equal("the cat", first.GetProperty("message").GetString());
        string plain = Run("the cat\n", "chat", "-m", _folder.Path, "-n", "8", "--temp", "0");
        Assert.Equal(first.GetProperty("answer").GetString() + "\n", plain);
        (int code, _, string error) = Cli.RunWithInput("/unknown\n", "chat", "-m", _folder.Path);
        Assert.Equal(0, code);
        Assert.Contains("/unknown", error);
    }

    /// <summary>What a model marks as thought is no part of what it says.</summary>
    [Fact]
    public void Chat_tells_what_is_thought_apart_from_what_is_said()
    {
        TinyModels.WriteLlama(_folder.Path, template: "{# </think> #}"
            + TinyModels.ChatTemplate.Replace("assistant\n", "assistant\n<think>\n", StringComparison.Ordinal));
        string[] chat = ["chat", "-m", _folder.Path, "-n", "12", "--temp", "0"];
        JsonElement line = JsonDocument.Parse(Run("the cat\n", [.. chat, "--json"])).RootElement;
        Assert.Equal("", line.GetProperty("answer").GetString());
        Assert.True(line.GetProperty("reasoning").GetString()!.Length > 3);
        Assert.Equal("\n", Run("the cat\n", chat));
    }

    [Fact]
    public void Ctrl_C_ends_a_chat_that_waits()
    {
        TinyModels.WriteLlama(_folder.Path);
        using Process process = Cli.Start("chat", "-m", _folder.Path, "-n", "3", "--json");
        process.StandardInput.WriteLine("the cat");
        process.StandardInput.Flush();
        Assert.Contains("answer", process.StandardOutput.ReadLine());
        using (Process kill = Process.Start("kill", ["-INT", $"{process.Id}"]))
            kill.WaitForExit();
        Assert.True(process.WaitForExit(8000), "It did not end.");
        Assert.Equal(130, process.ExitCode);
    }

    [Fact]
    public void Chat_without_a_template_says_what_to_give()
    {
        TinyModels.WriteLlama(_folder.Path, chat: false);
        (int code, _, string error) = Cli.RunWithInput("the cat\n", "chat", "-m", _folder.Path);
        Assert.Equal(1, code);
        Assert.Contains("--chat-template-file", error);
        File.WriteAllText(_folder.File("own.jinja"), TinyModels.ChatTemplate);
        Assert.NotEmpty(Run("the cat\n", "chat", "-m", _folder.Path, "-n", "3", "--chat-template-file",
            _folder.File("own.jinja")));
    }

    [Fact]
    public void Embed_prints_a_vector_a_line()
    {
        TinyModels.WriteBert(_folder.Path, "BertForMaskedLM");
        string[] lines = Run("the cat\na song of mice\n", "embed", "-m", _folder.Path)
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, lines.Length);
        double[] vector = [.. lines[0].Split(' ').Select(double.Parse)];
        Assert.Equal(32, vector.Length);
        Assert.Equal(1, vector.Sum(value => value * value), 5);
        JsonElement json = JsonDocument.Parse(Run(null, "embed", "-m", _folder.Path, "the cat", "--json", "--pooling",
            "mean")).RootElement;
        Assert.Equal(vector.Select(value => (float)value),
            json.GetProperty("embedding").EnumerateArray().Select(value => value.GetSingle()));
        Assert.NotEqual(lines[0] + "\n", Run(null, "embed", "-m", _folder.Path, "the cat", "--pooling", "cls"));
        Assert.NotEqual(lines[0] + "\n", Run(null, "embed", "-m", _folder.Path, "the cat", "--no-normalize"));
    }

    /// <summary>The model's own files decide how rows are pooled and where texts are cut; what is cut is said once.</summary>
    [Fact]
    public void Embed_follows_the_files_of_a_sentence_model()
    {
        TinyModels.WriteBert(_folder.Path, "BertModel");
        string longText = string.Join(' ', Enumerable.Repeat("cat mat song", 30));
        (int code, _, string error) = Cli.Run("embed", "-m", _folder.Path, longText);
        Assert.Equal(1, code);
        Assert.Matches("has [0-9]+ tokens; 64 is the most", error);
        (code, string cut, error) = Cli.Run("embed", "-m", _folder.Path, longText, "the cat", "--truncate");
        Assert.True(code == 0, error);
        Assert.Contains("1 of 2 texts were cut to 64 tokens (the model's context)", error);
        Assert.Equal(2, cut.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);

        string mean = Run(null, "embed", "-m", _folder.Path, "the cat"),
            first = Run(null, "embed", "-m", _folder.Path, "the cat", "--pooling", "cls");
        SentenceFiles.Write(_folder.Path, "cls", 32);
        File.WriteAllText(_folder.File("sentence_bert_config.json"), """{"max_seq_length": 12, "do_lower_case": false}""");
        Assert.Equal(first, Run(null, "embed", "-m", _folder.Path, "the cat"));
        Assert.Equal(mean, Run(null, "embed", "-m", _folder.Path, "the cat", "--pooling", "mean"));
        (code, _, error) = Cli.Run("embed", "-m", _folder.Path, longText, longText, "the cat");
        Assert.True(code == 0, error);
        Assert.Contains("2 of 3 texts were cut to 12 tokens (sentence_bert_config.json)", error);
        Assert.Equal(error.IndexOf("cut to", StringComparison.Ordinal), error.LastIndexOf("cut to", StringComparison.Ordinal));
    }

    [Fact]
    public void Fill_gives_the_best_words_of_each_mask()
    {
        TinyModels.WriteBert(_folder.Path, "BertForMaskedLM");
        JsonElement json = JsonDocument.Parse(Run(null, "fill", "-m", _folder.Path, "the [MASK] sat on the [MASK]", "--top-k",
            "3", "--json")).RootElement;
        JsonElement[] masks = [.. json.GetProperty("masks").EnumerateArray()];
        Assert.Equal(2, masks.Length);
        Assert.All(masks, mask => Assert.Equal(3, mask.GetArrayLength()));
        string plain = Run(null, "fill", "-m", _folder.Path, "the [MASK] sat on the [MASK]", "--top-k", "3");
        Assert.EndsWith(masks[0][0].GetProperty("text").GetString()!, plain.Split('\n')[0]);
        (int code, _, string error) = Cli.Run("fill", "-m", _folder.Path, "no mask here");
        Assert.Equal(1, code);
        Assert.Contains("[MASK]", error);
    }

    [Theory]
    [InlineData("longformer", "4 heads of 8, window of 4 and global tokens in 1 of 2 layers")]
    [InlineData("big_bird", "4 heads of 8, blocks of 2 with 1 at random, all pairs up to 14 rows in 2 of 2 layers")]
    [InlineData("linformer", "4 heads of 8, 4 key/value heads projected from up to 64 rows to 8 in 2 of 2 layers")]
    public void Sparse_encoders_are_inspected_and_fill(string family, string words)
    {
        TinyModels.WriteSparse(_folder.Path, family);
        string report = Run(null, "inspect", "-m", _folder.Path);
        Assert.Contains(words, report);
        Assert.Contains("learned positions", report);
        Assert.DoesNotContain("KV cache", report);
        JsonElement json = JsonDocument.Parse(Run(null, "fill", "-m", _folder.Path, "the [MASK] sat", "--top-k", "3",
            "--json")).RootElement;
        Assert.Equal(3, json.GetProperty("masks")[0].GetArrayLength());
        Assert.NotEmpty(Run(null, "embed", "-m", _folder.Path, "the cat"));
    }

    [Fact]
    public void Tag_prints_runs_or_tokens()
    {
        TinyModels.WriteBert(_folder.Path, "BertForTokenClassification");
        JsonElement json = JsonDocument.Parse(Run(null, "tag", "-m", _folder.Path, "the cat sat", "--json")).RootElement;
        string[] tokens = Run(null, "tag", "-m", _folder.Path, "the cat sat", "--tokens")
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(json.GetProperty("tokens").EnumerateArray().Select(token => token.GetProperty("label").GetString()),
            tokens.Select(line => line.Split('\t')[1]));
        string[] runs = Run(null, "tag", "-m", _folder.Path, "the cat sat").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(json.GetProperty("entities").EnumerateArray().Select(run => run.GetProperty("text").GetString()),
            runs.Select(line => line.Split('\t')[2]));
        Assert.Equal(2, Cli.Run("tag", "-m", _folder.Path, "x", "--tokens", "--json").Code);
        Assert.Contains("tag", Cli.Run("run", _folder.Path).Error);
    }

    [Fact]
    public void Answer_prints_the_best_spans()
    {
        TinyModels.WriteBert(_folder.Path, "BertForQuestionAnswering");
        string[] lines = Run(null, "answer", "-m", _folder.Path, "-q", "who sat?", "the cat sat", "--top-k", "2")
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, lines.Length);
        JsonElement json = JsonDocument.Parse(
            Run(null, "answer", "-m", _folder.Path, "-q", "who sat?", "the cat sat", "--json")).RootElement;
        Assert.Equal("who sat?", json.GetProperty("question").GetString());
        Assert.Equal(lines[0].Split('\t')[1], json.GetProperty("answers")[0].GetProperty("text").GetString());
        Assert.Equal(2, Cli.Run("answer", "-m", _folder.Path, "x").Code);
        Assert.Equal(2, Cli.Run("answer", "-m", _folder.Path, "-q", "who?", "x", "--top-k", "0").Code);
        Assert.Contains("answer", Cli.Run("run", _folder.Path).Error);
    }

    [Fact]
    public void Classify_gives_the_classes_most_probable_first()
    {
        TinyModels.WriteBert(_folder.Path, "BertForSequenceClassification");
        JsonElement json = JsonDocument.Parse(Run(null, "classify", "-m", _folder.Path, "the cat sat", "--json")).RootElement;
        (string Label, double Probability)[] classes = [.. json.GetProperty("classes").EnumerateArray()
            .Select(c => (c.GetProperty("label").GetString()!, c.GetProperty("probability").GetDouble()))];
        Assert.Equal(1, classes.Sum(c => c.Probability), 6);
        string[] lines = Run(null, "classify", "-m", _folder.Path, "the cat sat")
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(classes.OrderByDescending(c => c.Probability).Select(c => c.Label),
            lines.Select(line => line.Split('\t')[1]));
        Assert.Single(Run(null, "classify", "-m", _folder.Path, "the cat sat", "--top-k", "1")
            .Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.NotEqual(string.Join('\n', lines),
            Run(null, "classify", "-m", _folder.Path, "the cat sat", "--text-pair", "a song of mice").Trim());
        Assert.Equal(2, Cli.Run("classify", "-m", _folder.Path, "x", "--top-k", "0").Code);
        Assert.Equal(2, Cli.Run("classify", "-m", _folder.Path, "x", "--top-k", "1", "--json").Code);
    }

    [Fact]
    public void Score_adds_up_and_the_wrong_kind_of_model_is_named()
    {
        TinyModels.WriteLlama(_folder.Path);
        JsonElement json = JsonDocument.Parse(Run(null, "score", "-m", _folder.Path, "the cat sat", "--json")).RootElement;
        double[] each = [.. json.GetProperty("logprobs").EnumerateArray()
            .Select(token => token.GetProperty("logprob").GetDouble())];
        Assert.Equal(each.Sum(), json.GetProperty("logprob").GetDouble(), 9);
        Assert.Equal(Math.Exp(-each.Average()), json.GetProperty("perplexity").GetDouble(), 6);
        Assert.EndsWith($"\t{each.Length}\tthe cat sat\n", Run("the cat sat\n", "score", "-m", _folder.Path));
        (int code, _, string error) = Cli.Run("fill", "-m", _folder.Path, "the cat");
        Assert.Equal(1, code);
        Assert.Contains("llama", error);
        (code, _, error) = Cli.Run("score", "-m", _folder.Path, "the cat", "--source", "x");
        Assert.Equal(1, code);
        Assert.DoesNotContain("   at ", error);
    }

    [Fact]
    public void Pull_prints_the_folder_and_the_model_is_there_by_its_id()
    {
        TinyModels.WriteLlama(_folder.Path);
        using var cache = new TempFolder();
        using var server = new TinyHub(_folder.Path);
        (string, string)[] environment = [("HF_HOME", cache.Path), ("HF_ENDPOINT", $"{server.Address}"), ("HF_HUB_OFFLINE", "0")];
        (int code, string output, string error) = Cli.RunIn(environment, "pull", "owner/model");
        Assert.True(code == 0, error);
        Assert.Equal(cache.File($"hub/models--owner--model/snapshots/{TinyHub.Commit}") + "\n", output);
        Assert.Empty(error);
        server.Busy = ("/api/", 503, "0", 1);
        (code, output, error) = Cli.RunIn(environment, "pull", "owner/model", "--json");
        Assert.Equal("", error);
        JsonElement pulled = JsonDocument.Parse(output).RootElement;
        Assert.Equal(cache.File($"hub/models--owner--model/snapshots/{TinyHub.Commit}"),
            pulled.GetProperty("folder").GetString());
        Assert.Equal(pulled.GetProperty("folder").GetString(), pulled.GetProperty("model").GetString());
        Assert.Equal(new FileInfo(_folder.File("config.json")).Length,
            pulled.GetProperty("files").EnumerateArray().Single(file => file.GetProperty("name").GetString() == "config.json")
                .GetProperty("bytes").GetInt64());
        (code, _, error) = Cli.RunIn(environment, "generate", "-m", "owner/modle", "-p", "the cat");
        Assert.Equal(1, code);
        Assert.Contains(Path.GetFullPath("owner/modle"), error);
        Assert.Contains("taken for a hub id", error);
        (code, output, error) = Cli.RunIn([.. environment, ("HF_HUB_OFFLINE", "1")], "generate", "-m", "owner/model", "-p",
            "the cat", "-n", "2");
        Assert.True(code == 0, error);
        Assert.StartsWith("the cat", output);
        (code, _, error) = Cli.RunIn(environment, "pull", "not-an-id");
        Assert.Equal(1, code);
        Assert.Contains("owner/name", error);
    }

    private static string Run(string? input, params string[] args)
    {
        (int code, string output, string error) = Cli.RunWithInput(input, args);
        Assert.True(code == 0, error);
        return output;
    }
}
