using System.Text.Json;

namespace Seriatim.Cli.Tests;

/// <summary>The verb lab cluster: what it prints, writes and refuses. The simulation has tests of its own.</summary>
public sealed class ClusterLabTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_same_flags_give_the_same_bytes_and_a_trace_that_was_written_too()
    {
        string trace = _folder.File("trace.jsonl");
        string[] small = ["lab", "cluster", "--requests", "200", "--routing", "prefix", "--json"];
        (int code, string output, string error) = Cli.Run([.. small, "--write-trace", trace]);
        Assert.True(code == 0, error);
        Assert.Equal(output, Cli.Run(small).Output);
        JsonElement outcome = JsonDocument.Parse(output).RootElement.GetProperty("outcomes")[0];
        Assert.Equal(200, outcome.GetProperty("completed").GetInt32());
        Assert.True(outcome.GetProperty("first_token").GetProperty("median").GetDouble() > 0);
        Assert.Equal(200, File.ReadAllLines(trace).Length);
        Assert.Equal(output, Cli.Run("lab", "cluster", "--trace", trace, "--routing", "prefix", "--json").Output);
    }

    [Fact]
    public void A_table_has_a_column_for_each_routing()
    {
        (int code, string output, string error) = Cli.Run("lab", "cluster", "--requests", "100", "--kill-every", "20");
        Assert.True(code == 0, error);
        Assert.Matches("prefix +least-load +round-robin", output);
        Assert.Matches("requests completed +100 +100 +100", output);
        Assert.Contains("stood still", output);
    }

    [Theory]
    [InlineData(2, "--routing is best", "--routing", "best")]
    [InlineData(2, "--replicas is 0", "--replicas", "0")]
    [InlineData(2, "--turns is 0.5", "--turns", "0.5")]
    [InlineData(2, "--restart does nothing without --kill-every", "--restart", "3")]
    [InlineData(2, "--measure needs --cost", "--measure", "stories")]
    [InlineData(2, "--replicas does nothing with --measure", "--measure", "stories", "--cost", "x.json", "--replicas", "3")]
    [InlineData(2, "--quant does nothing without --measure", "--quant", "q8_0")]
    [InlineData(1, "there is no such file", "--trace", "no-such-trace.jsonl")]
    [InlineData(1, "there is no such file", "--cost", "no-such-cost.json")]
    public void What_is_wrong_is_said(int code, string words, params string[] flags)
    {
        (int found, string output, string error) = Cli.Run(["lab", "cluster", .. flags]);
        Assert.Equal((code, ""), (found, output));
        Assert.Contains(words, error);
    }

    [Fact]
    public void A_trace_and_the_requests_of_one_that_is_made_exclude_each_other()
    {
        string trace = _folder.File("trace.jsonl");
        File.WriteAllText(trace, "{\"at\":0,\"prompt\":1,\"output\":1}\n");
        Assert.Contains("--rate does nothing", Cli.Run("lab", "cluster", "--trace", trace, "--rate", "3").Error);
        File.WriteAllText(trace, "{\"at\":0,\"prompt\":90000,\"output\":1}\n");
        (int code, _, string error) = Cli.Run("lab", "cluster", "--trace", trace);
        Assert.Equal(1, code);
        Assert.Contains("needs 5626 pages", error);
    }

    /// <summary>What is measured can be reckoned with, and a server keeps to it.</summary>
    [Fact]
    public void Steps_are_measured_into_a_file()
    {
        string cost = _folder.File("cost.json");
        (int code, string output, string error) = Cli.Run(
            "lab", "cluster", "--measure", "stories", "--cost", cost, "--seconds", "0.1", "-t", "1");
        Assert.True(code == 0, error);
        Assert.Contains("a step of stories", output);
        (code, output, error) = Cli.Run("lab", "cluster", "--cost", cost, "--requests", "50", "--routing", "prefix");
        Assert.True(code == 0, error);
        Assert.Contains("a step of stories", output);
        File.WriteAllText(cost, "{}");
        Assert.Contains("no price of steps", Cli.Run("serve", "--pace", cost, "--port", "0").Error);
        Assert.Contains("there is no such file", Cli.Run("serve", "--pace", "no-such.json", "--port", "0").Error);
        error = Cli.Run("serve", "--cluster", "localhost", "--cluster-routing", "best").Error;
        Assert.Contains("--cluster-routing is best", error);
    }
}
