using System.Text.Json;
using Seriatim.Models;

namespace Seriatim.Cli.Tests;

/// <summary>convert, quantize and bench: what they write, print and refuse.</summary>
public sealed class GgufVerbTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [StoriesFact]
    public void A_model_goes_to_GGUF_and_back_and_says_the_same()
    {
        string file = Path.Combine(_folder.Path, "stories.gguf");
        string back = Path.Combine(_folder.Path, "back");
        Assert.Equal(0, Cli.Run("convert", "-m", Cli.Stories, "-o", file, "--type", "f32").Code);
        Assert.Equal(0, Cli.Run("convert", "-m", file, "-o", back).Code);
        string[] said = [.. new[] { Cli.Stories, file, back }.Select(m => Cli.Run("generate", "-m", m, "-p", "Zoë saw a bird", "-n", "24", "--temp", "0").Output)];
        Assert.True(said[0].Length > 20);
        Assert.Equal(said[0], said[1]);
        Assert.Equal(said[0], said[2]);
    }

    [StoriesFact]
    public void Quantize_reports_errors_and_perplexity()
    {
        string file = Path.Combine(_folder.Path, "q8.gguf");
        string text = Path.Combine(_folder.Path, "text.txt");
        File.WriteAllText(text, "Once upon a time, there was a little girl named Lily. She loved to play outside in the park.");
        (int code, string output, string error) = Cli.Run("quantize", "-m", Cli.Stories, "-o", file, "--type", "q8_0", "--text", text, "--json");
        Assert.True(code == 0, error);
        JsonElement report = JsonDocument.Parse(output).RootElement;
        Assert.Equal(new FileInfo(file).Length, report.GetProperty("bytes").GetInt64());
        double before = report.GetProperty("perplexity_before").GetDouble();
        Assert.InRange(report.GetProperty("perplexity_after").GetDouble() / before, 0.97, 1.03);
        JsonElement gate = report.GetProperty("tensors").EnumerateArray().Single(t => t.GetProperty("name").GetString() == "blk.0.ffn_gate.weight");
        Assert.Equal("Q8_0", gate.GetProperty("type").GetString());
        Assert.InRange(gate.GetProperty("relative_error").GetDouble(), 0.003, 0.01);
    }

    [Fact]
    public void Mistakes_are_refused_with_advice()
    {
        Assert.Contains("q4_k_m", Refused("quantize", "-m", "x", "-o", "y.gguf", "--type", "q9"));
        Assert.Contains(".gguf", Refused("quantize", "-m", "x", "-o", "y.bin", "--type", "q8_0"));
        Assert.Contains("smollm-135m", Refused("bench", "--shape", "gpt-9"));
        Assert.Contains("--shape", Refused("bench"));
        Assert.Contains("--batch", Refused("bench", "-m", Path.Combine(Cli.Root, "models", "stories-draft"), "-b", "0", "-p", "4", "-n", "1"));
    }

    [StoriesFact]
    public void Bench_prints_speeds_beside_limits()
    {
        (int code, string output, string error) = Cli.Run("bench", "-m", Cli.Stories, "-p", "8", "-n", "2", "-b", "1", "2", "-r", "1", "--json");
        Assert.True(code == 0, error);
        JsonElement report = JsonDocument.Parse(output).RootElement;
        Assert.True(report.GetProperty("lines")[0].GetProperty("read_gigabytes").GetProperty("median").GetDouble() > 0);
        Assert.Equal(3, report.GetProperty("lines").GetArrayLength());
        Assert.All(report.GetProperty("lines").EnumerateArray(), line => Assert.True(line.GetProperty("tokens_per_second").GetDouble() > 0));
    }

    /// <summary>A token meets two of eight experts: a quarter of what experts weigh, and all of the rest.</summary>
    [Fact]
    public void Bench_counts_the_experts_that_a_token_meets()
    {
        using (Model model = Model.Create("mixtral", System.Text.Encoding.UTF8.GetBytes("""
            {"architectures": ["MixtralForCausalLM"], "vocab_size": 61, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
            "num_key_value_heads": 2, "max_position_embeddings": 128, "num_local_experts": 8, "num_experts_per_tok": 2, "tie_word_embeddings": false}
            """), new RandomSource(1)))
            CheckpointWriter.Write(model, _folder.Path);
        (int code, string output, string error) = Cli.Run("bench", "-m", _folder.Path, "-p", "8", "-n", "2", "-b", "1", "4", "-r", "1", "--json");
        Assert.True(code == 0, error);
        JsonElement report = JsonDocument.Parse(output).RootElement;
        long layer = 32 * (32 + 16 + 16) + 32 * 32 + 8 * 32 + 2 * 3 * 32 * 64;
        Assert.Equal(2 * layer + 61 * 32, report.GetProperty("multiply_adds_per_token").GetInt64());
        Assert.Equal(4 * (2 * layer + 61 * 32), report.GetProperty("bytes_per_step").GetInt64());
    }

    private static string Refused(params string[] args)
    {
        (int code, _, string error) = Cli.Run(args);
        Assert.NotEqual(0, code);
        Assert.NotEqual(ExitCodes.Internal, code);
        return error;
    }
}
