using System.Text.Json;
using Seriatim.Peers;

namespace Seriatim.Tests.Peers;

/// <summary>The table of <c>benchmarks/peers</c>, and what is read of other programs' output.</summary>
public sealed class PeerTableTests
{
    private static readonly PeerReport Report = new(
        new PeerMachine("A processor", "AVX-512", 2, 3, "Linux, .NET 10", "2026-11-28 02:30", new Figure(40.26, 38, 52.04),
            new Figure(236, 230, 240)),
        [
            new PeerLine("prompt of 256", "Seriatim", "1.0", "tokens/s", new Figure(1500.4, 1480, 1510), null, null),
            new PeerLine("prompt of 256", "other", "2.0", "tokens/s", new Figure(1000, 990, 1010),
                new Figure(1.5, 1.47, 1.53), null),
            new PeerLine("200 lines", "Seriatim", "1.0", "ms", new Figure(7.25, 7, 8), null, null),
            new PeerLine("200 lines", "third", "", "ms", null, null, "not given: --third PATH\nor | elsewhere"),
        ]);

    [Fact]
    public void Medians_stand_between_the_least_and_the_most()
    {
        Assert.Equal(new Figure(2, 1, 9), Figure.Of([9, 1, 2]));
        Assert.Equal(new Figure(3, 1, 9), Figure.Of([9, 1, 2, 4]));
        Assert.Throws<ArgumentException>(() => Figure.Of([]));
    }

    [Fact]
    public void Markdown_has_the_machine_and_a_row_for_everybody()
    {
        string[] lines = PeerTable.ToMarkdown(Report).ReplaceLineEndings("\n").TrimEnd().Split('\n');
        Assert.Equal("A processor (AVX-512), 2 threads, Linux, .NET 10, 2026-11-28 02:30. By turns, 3 rounds, medians (least to "
            + "most). In the same rounds memory was read at 40.3 (38.0 to 52.0) GB/s, F32 multiply-adds ran at 236 "
            + "(230 to 240) GFLOP/s.", lines[0]);
        Assert.Equal("| prompt of 256 | Seriatim | 1.0 | 1500 (1480 to 1510) | tokens/s |  |  |", lines[4]);
        Assert.Equal("|  | other | 2.0 | 1000 (990 to 1010) | tokens/s | 1.50 (1.47 to 1.53) |  |", lines[5]);
        Assert.Equal("| 200 lines | Seriatim | 1.0 | 7.25 (7.00 to 8.00) | ms |  |  |", lines[6]);
        Assert.Equal(@"|  | third |  | missing | ms |  | not given: --third PATH or \| elsewhere |", lines[7]);
        Assert.Equal(8, lines.Length);
    }

    [Fact]
    public void A_summary_names_the_fastest_of_the_others()
    {
        var slower = new PeerLine(
            "prompt of 256", "slower", "3.0", "tokens/s", new Figure(500, 490, 510), new Figure(3, 2.9, 3.1), null);
        string[] lines = PeerSummary.ToMarkdown([Report with { Lines = [.. Report.Lines, slower] }]).TrimEnd().Split('\n');
        Assert.Equal("| prompt of 256 | 1500 tokens/s | other | 1000 tokens/s | **1.50** (1.47 to 1.53) |", lines[2]);
        Assert.Equal("| 200 lines | 7.2 ms | none was measured | | |", lines[3]);
        Assert.Equal("A processor (AVX-512), 2 threads, Linux, .NET 10; 40 GB/s read, 236 GFLOP/s of F32 in the same rounds; by "
            + "turns, medians of 3 rounds.", lines[5]);
        Assert.Equal(Report.Machine, PeerTable.FromJson(PeerTable.ToJson(Report)).Machine);
        Assert.Throws<JsonException>(() => PeerTable.FromJson("null"));
    }

    [Fact]
    public void Json_says_the_same()
    {
        using JsonDocument json = JsonDocument.Parse(PeerTable.ToJson(Report));
        Assert.Equal(40.26,
            json.RootElement.GetProperty("machine").GetProperty("readGigabytes").GetProperty("median").GetDouble());
        JsonElement missing = json.RootElement.GetProperty("lines")[3];
        Assert.Equal(JsonValueKind.Null, missing.GetProperty("speed").ValueKind);
        Assert.Contains("--third", missing.GetProperty("note").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_list_of_llama_bench_is_read()
    {
        const string Output = """
            load_backend: loaded CPU backend
            [
              { "build_commit": "abc1234", "build_number": 7000, "n_prompt": 256, "n_gen": 0, "avg_ns": 1280000000 },
              { "build_commit": "abc1234", "build_number": 7000, "n_prompt": 0, "n_gen": 32, "avg_ns": 800000000 }
            ]
            """;
        Assert.Equal(("abc1234 (7000)", 1.28, 0.8), LlamaBenchOutput.ReadBench(Output[Output.IndexOf('[')..], 256, 32));
        Assert.Throws<FormatException>(() => LlamaBenchOutput.ReadBench(Output[Output.IndexOf('[')..], 512, 32));
        Assert.Throws<FormatException>(() => LlamaBenchOutput.ReadBench("error: no model", 256, 32));
        Assert.Throws<FormatException>(() => LlamaBenchOutput.ReadBench("[ broken", 256, 32));
    }

    [Fact]
    public void The_table_of_llama_batched_bench_is_read()
    {
        const string Output = """
            main: n_kv_max = 4096

            |    PP |     TG |    B |   N_KV |   T_PP s | S_PP t/s |   T_TG s | S_TG t/s |      T s |    S t/s |
            |-------|--------|------|--------|----------|----------|----------|----------|----------|----------|
            |    32 |     32 |    4 |    256 |    0.400 |   320.00 |    0.500 |   256.00 |    0.900 |   284.44 |
            |    32 |     32 |   16 |   1024 |    1.600 |   320.00 |    1.250 |   409.60 |    2.850 |   359.30 |
            """;
        Assert.Equal(new Dictionary<int, double> { [4] = 0.5, [16] = 1.25 }, LlamaBenchOutput.ReadBatched(Output));
        Assert.Throws<FormatException>(() => LlamaBenchOutput.ReadBatched("no table"));
    }
}
