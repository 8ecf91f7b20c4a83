using System.Text.Json;
using System.Text.Json.Nodes;
using Seriatim.Formats;
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

    /// <summary>Nothing is written over what is there, nor into a folder that is not; a refusal leaves nothing behind.</summary>
    [Fact]
    public void Convert_keeps_what_is_there_and_names_what_is_not()
    {
        string source = Path.Combine(_folder.Path, "source"), file = Path.Combine(_folder.Path, "a.gguf"), back = Path.Combine(_folder.Path, "back");
        Directory.CreateDirectory(source);
        TinyModels.WriteBert(source, "BertModel");
        Assert.Equal((0, ""), Convert(source, file));
        byte[] before = File.ReadAllBytes(file);
        (int code, string error) = Convert(source, file);
        Assert.Equal(1, code);
        Assert.Contains($"{file} is there already. Choose another name, or give --force", error);
        Assert.Contains("is there already", Refused("quantize", "-m", source, "-o", file, "--type", "q8_0"));
        Assert.Equal(before, File.ReadAllBytes(file));
        Assert.Equal((0, ""), Convert(source, file, "--force"));

        Directory.CreateDirectory(back);
        Assert.Equal((0, ""), Convert(file, back));
        File.WriteAllText(Path.Combine(back, "notes.txt"), "mine");
        (code, error) = Convert(file, back);
        Assert.Equal(1, code);
        Assert.Contains($"{back} is there already and not empty", error);
        Assert.Equal((0, ""), Convert(file, back, "--force"));
        Assert.Equal("mine", File.ReadAllText(Path.Combine(back, "notes.txt")));

        string missing = Path.Combine(_folder.Path, "missing");
        foreach (string name in (string[])["b.gguf", "folder"])
        {
            (code, error) = Convert(file, Path.Combine(missing, name));
            Assert.Equal(1, code);
            Assert.Contains($"{missing}: there is no such folder", error);
            Assert.DoesNotContain(".tmp", error);
        }

        Assert.Contains("which is a file", Convert(file, Path.Combine(back, "notes.txt")).Error);
        Directory.CreateDirectory(Path.Combine(_folder.Path, "d.gguf"));
        Assert.Contains("which is a folder", Convert(source, Path.Combine(_folder.Path, "d.gguf")).Error);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path, "*.tmp", SearchOption.AllDirectories));
    }

    /// <summary>A model that GGUF cannot say is refused, and the file that was there stays.</summary>
    [Fact]
    public void A_refused_conversion_leaves_the_old_file()
    {
        string source = Path.Combine(_folder.Path, "source"), file = Path.Combine(_folder.Path, "a.gguf");
        Directory.CreateDirectory(source);
        TinyModels.WriteLlama(source, chat: false);
        string config = Path.Combine(source, "config.json");
        File.WriteAllText(config, File.ReadAllText(config).Replace("\"hidden_size\"", "\"hidden_act\": \"gelu\", \"hidden_size\""));
        File.WriteAllText(file, "old");
        (int code, string error) = Convert(source, file, "--force");
        Assert.Equal(1, code);
        Assert.Contains("activation (in 2 layers) is Gelu and would become Silu", error);
        Assert.Equal("old", File.ReadAllText(file));
        Assert.Equal(2, Directory.GetFileSystemEntries(_folder.Path).Length);
    }

    /// <summary>What GGUF has no key for is said on standard error, and in the report.</summary>
    [Fact]
    public void Convert_and_quantize_say_what_other_readers_ignore()
    {
        string source = Path.Combine(_folder.Path, "source"), file = Path.Combine(_folder.Path, "a.gguf");
        Directory.CreateDirectory(source);
        TinyModels.WriteLlama(source, chat: false);
        string path = Path.Combine(source, "tokenizer.json");
        JsonNode json = JsonNode.Parse(File.ReadAllBytes(path))!;
        json["normalizer"] = new JsonObject { ["type"] = "NFC" };
        File.WriteAllText(path, json.ToJsonString());
        (int code, _, string error) = Cli.Run("convert", "-m", source, "-o", file);
        Assert.Equal(0, code);
        Assert.Contains("tokenizer.seriatim.normalizer", error);
        (code, string output, error) = Cli.Run("quantize", "-m", source, "-o", file, "--type", "q8_0", "--json", "--force");
        Assert.Equal(0, code);
        Assert.Contains("tokenizer.seriatim.normalizer", error);
        JsonElement notes = JsonDocument.Parse(output).RootElement.GetProperty("notes");
        Assert.StartsWith("NFC", Assert.Single(notes.EnumerateArray()).GetString());
    }

    [Fact]
    public void Inspect_lists_the_keys_of_other_programs()
    {
        string source = Path.Combine(_folder.Path, "source"), file = Path.Combine(_folder.Path, "a.gguf"), noted = Path.Combine(_folder.Path, "b.gguf");
        Directory.CreateDirectory(source);
        TinyModels.WriteLlama(source);
        Assert.Equal((0, ""), Convert(source, file));
        using (GgufFile gguf = GgufFile.Open(file))
        {
            var keys = new Dictionary<string, object>(gguf.Metadata) { ["mradermacher.quantize_version"] = "2", ["imatrix.chunks"] = 5u };
            using GgufWriter writer = GgufWriter.Create(noted, keys, gguf.Entries.Select(e => new GgufTensorSpec(e.Name, e.Type, e.Shape)));
            foreach (GgufEntry entry in gguf.Entries)
                writer.Append(entry.Name, gguf.Bytes(entry));
            writer.Complete();
        }

        JsonElement json = JsonDocument.Parse(Cli.Run("inspect", "-m", noted, "--json").Output).RootElement;
        Assert.Equal(["mradermacher.quantize_version", "imatrix.chunks"], json.GetProperty("ignored_keys").EnumerateArray().Select(k => k.GetString()));
        Assert.Contains("mradermacher.quantize_version, imatrix.chunks", Cli.RunIn([("COLUMNS", "200")], "inspect", "-m", noted).Output.ReplaceLineEndings(" "));
    }

    private static (int Code, string Error) Convert(string source, string target, params string[] more)
    {
        (int code, _, string error) = Cli.Run(["convert", "-m", source, "-o", target, .. more]);
        return (code, code == 0 ? "" : error);
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
