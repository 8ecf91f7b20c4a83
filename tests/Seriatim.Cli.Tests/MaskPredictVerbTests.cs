using System.Text.Json;

namespace Seriatim.Cli.Tests;

/// <summary>translate and eval with a model for whole translations, and pairs distilled from a teacher.</summary>
public sealed class MaskPredictVerbTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Flags_of_the_other_kind_of_models_are_refused_by_their_names()
    {
        TinyModels.WriteMaskPredict(_folder.Path);
        string[] translate = ["translate", "-m", _folder.Path, "--to", "en", "-n", "20", "the cat"];
        (int code, string output,
            string error) = Cli.Run([.. translate, "--iterations", "4", "--length-candidates", "2", "--json"]);
        Assert.True(code == 0, error);
        Assert.True(JsonDocument.Parse(output).RootElement.GetProperty("score").GetDouble() < 0);
        Assert.Equal(Cli.Run([.. translate, "--iterations", "4"]).Output, Cli.Run([.. translate, "--iterations", "4"]).Output);
        foreach ((string flag, string value) in new[] { ("--beams", "4"), ("--length-penalty", "1.5"), ("--iterations", "0") })
        {
            (code, _, error) = Cli.Run([.. translate, flag, value]);
            Assert.Equal(2, code);
            Assert.Contains(flag, error);
        }

        foreach (string flag in new[] { "--iterations", "--length-candidates" })
        {
            (code, _, error) = Cli.Run("translate", flag, "4", "我爱学习");
            Assert.Equal(2, code);
            Assert.Contains(flag, error);
        }

        Assert.Contains("translate -m", Cli.Run("run", _folder.Path, "x").Error);
        File.WriteAllText(_folder.File("pairs.tsv"), "the cat\tthe mat\na song\tof mice\n");
        (code, output, error) = Cli.Run("eval", "-m", _folder.Path, "--data", _folder.File("pairs.tsv"), "--to", "en",
            "--iterations", "2", "-n", "20", "--json");
        Assert.True(code == 0, error);
        JsonElement report = JsonDocument.Parse(output).RootElement;
        Assert.Equal(2, report.GetProperty("iterations").GetInt64());
        Assert.False(report.TryGetProperty("beams", out _));
    }

    [Fact]
    public void Distilled_pairs_are_the_teachers_translations_and_nothing_is_lost()
    {
        string[] texts = ["我爱学习", "你好吗？", "我爱学习", "他在哪里？", "谢谢你。"];
        string data = _folder.File("corpus.tsv"), pairs = _folder.File("out/pairs.tsv");
        File.WriteAllText(data, string.Concat(texts.Select((text, i) => $"{i}\t{text}\tx\n")));
        string[] distill = ["distill", "-m", "zh-en", "--data", data, "--source", "1", "--to", "en", "--beams", "2"];
        (int code, _, string error) = Cli.Run([.. distill, "-o", pairs]);
        Assert.True(code == 0, error);
        Assert.Contains("5 of 5", error);
        string[] translations = Cli.Run(["translate", "--to", "en", "--beams", "2", .. texts]).Output.TrimEnd('\n').Split('\n');
        string whole = File.ReadAllText(pairs);
        Assert.Equal(string.Concat(texts.Zip(translations, (text, made) => $"{text}\t{made}\n")), whole);

        // What is there is not overwritten; a file that was cut off in a line goes on.
        (code, _, error) = Cli.Run([.. distill, "-o", pairs]);
        Assert.Equal(1, code);
        Assert.Contains("--resume", error);
        Assert.Equal(whole, File.ReadAllText(pairs));
        byte[] bytes = File.ReadAllBytes(pairs);
        File.WriteAllBytes(pairs, bytes[..(bytes.Length - 4)]);
        Assert.Equal(0, Cli.Run([.. distill, "-o", pairs, "--resume"]).Code);
        Assert.Equal(whole, File.ReadAllText(pairs));
        Assert.Equal(0, Cli.Run([.. distill, "-o", pairs, "--resume"]).Code);
        Assert.Equal(whole, File.ReadAllText(pairs));
        File.WriteAllText(pairs, whole.Replace("谢谢", "不谢", StringComparison.Ordinal));
        (code, _, error) = Cli.Run([.. distill, "-o", pairs, "--resume"]);
        Assert.Equal(1, code);
        Assert.Contains("line 5", error);
        string notes = _folder.File("notes.tsv");
        File.WriteAllText(notes, "one line of something else");
        (code, _, error) = Cli.Run([.. distill, "-o", notes, "--resume"]);
        Assert.Equal(1, code);
        Assert.Contains("something else", error);
        Assert.Equal("one line of something else", File.ReadAllText(notes));
        (code, _, error) = Cli.Run([.. distill, "-o", data]);
        Assert.Equal(2, code);

        // JSONL has room for what tab-separated lines have not.
        File.WriteAllText(_folder.File("c.jsonl"), "{\"source\": \"我爱\\t学习\"}\n");
        (code, _, error) =
            Cli.Run("distill", "-m", "zh-en", "--data", _folder.File("c.jsonl"), "--to", "en", "-o", _folder.File("d.tsv"));
        Assert.Equal(1, code);
        Assert.Contains(".jsonl", error);
        Assert.Equal(0,
            Cli.Run("distill", "-m", "zh-en", "--data", _folder.File("c.jsonl"), "--to", "en", "-o",
                _folder.File("d.jsonl")).Code);
        Assert.Equal("我爱\t学习",
            JsonDocument.Parse(File.ReadAllText(_folder.File("d.jsonl"))).RootElement.GetProperty("source").GetString());
    }
}
