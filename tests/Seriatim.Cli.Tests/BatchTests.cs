using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace Seriatim.Cli.Tests;

/// <summary>Many texts: one that fails is named by its line, the others are done, and the exit code says so.</summary>
public sealed class BatchTests : IDisposable
{
    private static readonly string TooLong = string.Concat(Enumerable.Repeat("cat ", 600));

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Generate_names_the_prompt_that_fails_and_does_the_others()
    {
        TinyModels.WriteLlama(_folder.Path);
        string file = _folder.File("prompts.jsonl");
        File.WriteAllText(file, $"\uFEFF\"the cat\"\n\n\"{TooLong}\"\n\"the mat\"\n");
        (int code, string output, string error) = Cli.Run("generate", "-m", _folder.Path, "--input", file, "--json", "-n", "4", "--seed", "1");
        Assert.Equal(1, code);
        JsonElement[] lines = Lines(output);
        Assert.Equal(3, lines.Length);
        Assert.Equal("the cat", lines[0].GetProperty("prompt").GetString());
        Assert.Contains("256", lines[1].GetProperty("error").GetString());
        Assert.Equal("the mat", lines[2].GetProperty("prompt").GetString());
        Assert.Contains("prompts.jsonl, line 3", error);
        Assert.Contains("1 of 3", error);
        (code, output, error) = Cli.Run("generate", "-m", _folder.Path, "--input", file, "-n", "4", "--seed", "1");
        Assert.Equal(1, code);
        Assert.Contains("the cat", output);
        Assert.Contains("the mat", output);
        Assert.Contains("line 3", error);

        // What is wrong with every prompt is wrong with the command line.
        (code, output, error) = Cli.Run("generate", "-m", _folder.Path, "--input", file, "--top-p", "0");
        Assert.Equal(2, code);
        Assert.Empty(output);
        Assert.Contains("--top-p", error);
        File.WriteAllText(file, "{\"prompt\": \"the cat\", \"max_new_tokens\": 0}\n");
        Assert.Contains("line 1", Cli.Run("generate", "-m", _folder.Path, "--input", file).Error);
    }

    [Fact]
    public void Embed_score_and_classify_go_on_after_a_line_that_fails()
    {
        TinyModels.WriteBert(_folder.Path, "BertForSequenceClassification");
        string texts = _folder.File("texts.txt");
        File.WriteAllText(texts, $"the cat\n{TooLong}\n\nthe mat\n");
        foreach (string verb in new[] { "embed", "classify" })
        {
            (int code, string output, string error) = Cli.Run(verb, "-m", _folder.Path, "-f", texts, "--json");
            Assert.Equal(1, code);
            JsonElement[] lines = Lines(output);
            Assert.Equal(4, lines.Length);
            Assert.Equal([0, 1, 2, 3], lines.Select(line => line.GetProperty("index").GetInt32()));
            Assert.True(lines[1].TryGetProperty("error", out _));
            Assert.False(lines[2].TryGetProperty("error", out _));
            Assert.Contains("texts.txt, line 2", error);
        }

        string[] vectors = Cli.Run("embed", "-m", _folder.Path, "-f", texts).Output.Split('\n');
        Assert.Equal(5, vectors.Length);
        Assert.Equal("", vectors[1]);
        using var other = new TempFolder();
        TinyModels.WriteLlama(other.Path);
        (int scored, string scores, string why) = Cli.RunWithInput(File.ReadAllText(texts), "score", "-m", other.Path, "-f", "-");
        Assert.Equal(1, scored);
        Assert.EndsWith("\tthe mat\n", scores);
        Assert.Contains("standard input, line 2", why);
        Assert.Contains("standard input, line 3", why);
    }

    [Fact]
    public void Many_texts_wait_for_room_and_keep_their_order()
    {
        TinyModels.WriteBert(_folder.Path, "BertForMaskedLM");
        string[] texts = [.. Enumerable.Range(0, 1500).Select(i => $"the cat number {i} sat on the [MASK]")];
        (int code, string output, string error) = Cli.RunWithInput(string.Join('\n', texts), "fill", "-m", _folder.Path, "--top-k", "1", "--json");
        Assert.True(code == 0, error);
        JsonElement[] lines = Lines(output);
        Assert.Equal(texts, lines.Select(line => line.GetProperty("text").GetString()));
        Assert.Equal(lines[777].GetProperty("masks").GetRawText(), Lines(Cli.Run("fill", "-m", _folder.Path, texts[777], "--top-k", "1", "--json").Output)[0].GetProperty("masks").GetRawText());
    }

    [Fact]
    public void What_is_wrong_with_the_model_is_not_said_for_every_text()
    {
        TinyModels.WriteLlama(_folder.Path);
        (int code, _, string error) = Cli.RunWithInput(string.Concat(Enumerable.Repeat("the cat\n", 50)), "fill", "-m", _folder.Path);
        Assert.Equal(1, code);
        Assert.Equal(2, error.Count(sign => sign == '\n'));
        Assert.Contains("llama", error);
    }

    [Fact]
    public void A_line_is_answered_before_the_next_comes()
    {
        TinyModels.WriteT5(_folder.Path);
        using Process process = Cli.Start("translate", "-m", _folder.Path, "-n", "4");
        for (int i = 0; i < 2; i++)
        {
            process.StandardInput.WriteLine("the cat");
            process.StandardInput.Flush();
            Assert.NotNull(process.StandardOutput.ReadLine());
        }

        process.StandardInput.Close();
        Assert.True(process.WaitForExit(30_000));
        Assert.Equal(0, process.ExitCode);
    }

    [Fact]
    public void A_byte_order_mark_is_no_text()
    {
        (int code, string output, string error) = Cli.RunWithInput("\uFEFF我爱学习\n", "translate");
        Assert.True(code == 0, error);
        Assert.Equal("I love studying.\n", output);
        File.WriteAllText(_folder.File("text.txt"), "我爱学习\n", new UTF8Encoding(encoderShouldEmitUTF8Identifier: true));
        Assert.Equal(output, Cli.Run("translate", "-f", _folder.File("text.txt")).Output);
        string[] flags = ["-n", "3", "--temp", "0"];
        string plain = Cli.Run(["generate", "The cat", .. flags]).Output;
        Assert.Equal(plain, Cli.RunWithInput("\uFEFFThe cat\n", ["generate", .. flags]).Output);
        Assert.Equal(plain, Cli.RunWithInput("\uFEFFThe cat", ["generate", "-f", "-", .. flags]).Output);
        Assert.Equal(plain, Cli.RunWithInput("\uFEFF\"The cat\"\n", ["generate", "--input", "-", .. flags]).Output);
        Assert.Equal("2\n", Cli.RunWithInput("\uFEFFThe cat", "tokenize", "count", "-m", "stories").Output);
    }

    [Fact]
    public void Pairs_may_begin_with_a_byte_order_mark()
    {
        foreach (string ending in new[] { "tsv", "jsonl" })
        {
            string line = ending == "tsv" ? "我爱学习\tI love studying.\n" : "{\"source\": \"我爱学习\", \"target\": \"I love studying.\"}\n";
            File.WriteAllText(_folder.File($"pairs.{ending}"), line, new UTF8Encoding(encoderShouldEmitUTF8Identifier: true));
            (int code, string output, string error) = Cli.Run("eval", "-m", "zh-en", "--data", _folder.File($"pairs.{ending}"), "--to", "en", "--json");
            Assert.True(code == 0, error);
            Assert.Equal(100, Lines(output)[0].GetProperty("bleu").GetDouble(), 3);
        }
    }

    [Fact]
    public void Texts_that_look_like_flags_stand_behind_two_hyphens()
    {
        (int code, string output, string error) = Cli.Run("generate", "-n", "2", "--temp", "0", "--", "-text");
        Assert.True(code == 0, error);
        Assert.StartsWith("-text", output);
        Assert.Equal(2, Cli.Run("generate", "-n", "2", "-text").Code);
    }

    private static JsonElement[] Lines(string output) =>
        [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
}
