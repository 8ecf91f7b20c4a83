using System.Text.Json;
using System.Text.RegularExpressions;

namespace Seriatim.Cli.Tests;

/// <summary>The verb lab: what it prints, writes and refuses. The experiments have tests of their own.</summary>
public sealed class LabTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Without_names_the_experiments_and_their_claims_are_listed()
    {
        (int code, string output, string error) = Cli.Run("lab");
        Assert.Equal(0, code);
        Assert.Contains("kv-memory", output);
        Assert.Contains("2 x layers x width x bytes", output);
        Assert.Contains("--html", error);
        Assert.All(output.Split('\n'), line => Assert.True(line.Length <= 80, line));
        string[] lines = Cli.Run("lab", "--json").Output.TrimEnd('\n').Split('\n');
        Assert.Equal(23, lines.Length);
        Assert.All(lines, line => Assert.NotEmpty(JsonDocument.Parse(line).RootElement.GetProperty("source").GetString()!));
    }

    [Fact]
    public void An_experiment_prints_a_plot_and_a_verdict_and_writes_a_page()
    {
        foreach ((string language, string verdict) in new[] { ("en", "holds"), ("zh", "成立") })
        {
            string page = _folder.File($"{language}.html");
            (int code, string output, string error) = Cli.Run("lab", "kv-memory", "--quick", "--html", page, "--lang", language);
            Assert.True(code == 0, error);
            Assert.Contains("The claim holds.", output);
            Assert.Contains("a F32  b F16  c Q8", output);
            Assert.Contains("LLaMA-7B, 2,048 tokens, F16, by the layout of pages: 1 GiB (exactly 1): 1 GiB",
                Regex.Replace(output, "\\s+", " "));
            string text = File.ReadAllText(page);
            Assert.Contains($"lang=\"{(language == "zh" ? "zh-CN" : "en")}\"", text);
            Assert.Matches($"class=\"badge v0\">{verdict}<", text);
            Assert.DoesNotMatch("(?i)(src|href)\\s*=\\s*[\"'](?!data:|#)", text);
        }
    }

    [Fact]
    public void Json_is_one_object_and_a_seed_gives_the_same_counts()
    {
        string[] runs = [.. Enumerable.Range(0, 2)
            .Select(_ => Cli.Run("lab", "kv-memory", "--quick", "--json", "--seed", "7").Output)];
        JsonElement report = JsonDocument.Parse(runs[0]).RootElement;
        Assert.Equal(7, report.GetProperty("seed").GetInt32());
        JsonElement result = report.GetProperty("results")[0];
        Assert.Equal("Holds", result.GetProperty("verdict").GetString());
        Assert.True(report.GetProperty("machine").GetProperty("limits").GetProperty("read_bytes_per_second").GetDouble() > 0);
        Assert.Equal(result.GetProperty("figures").GetRawText(),
            JsonDocument.Parse(runs[1]).RootElement.GetProperty("results")[0].GetProperty("figures").GetRawText());
    }

    [Theory]
    [InlineData(2, "kv", "lab", "kv")]
    [InlineData(2, "'all'", "lab", "all", "kv-memory")]
    [InlineData(2, "--lang is de", "lab", "kv-memory", "--lang", "de")]
    [InlineData(2, "--qick", "lab", "kv-memory", "--qick")]
    [InlineData(1, "there is no folder", "lab", "kv-memory", "--html", "no/such/folder/lab.html")]
    [InlineData(1, "no-such-model", "lab", "kv-memory", "-m", "no-such-model")]
    public void What_is_wrong_is_found_before_anything_is_measured(int code, string words, params string[] args)
    {
        (int found, string output, string error) = Cli.Run(args);
        Assert.Equal(code, found);
        Assert.Empty(output);
        Assert.Contains(words, error);
    }

    [Fact]
    public void A_model_that_does_not_fit_is_skipped_with_the_reason()
    {
        (int code, string output, _) = Cli.Run("lab", "kv-memory", "-m", "fill");
        Assert.Equal(0, code);
        Assert.Contains("was skipped", output);
        Assert.Matches("fill is a model for MaskedLanguageModel", Regex.Replace(output, "\\s+", " "));
    }
}
