using System.Text.Json;
using Seriatim.Formats;
using Seriatim.Models;
using Seriatim.Tensors;

namespace Seriatim.Cli.Tests;

/// <summary>check: what it finds in good models and in damaged ones.</summary>
public sealed class CheckTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [StoriesFact]
    public void A_good_model_passes_and_a_converted_one_says_the_same()
    {
        string file = Path.Combine(_folder.Path, "stories.gguf"), small = Path.Combine(_folder.Path, "small.gguf");
        Assert.Equal(0, Cli.Run("convert", "-m", Cli.Stories, "-o", file, "--type", "f32").Code);
        Assert.Equal(0, Cli.Run("quantize", "-m", Cli.Stories, "-o", small, "--type", "q4_0", "--pure").Code);
        (int code, string output, _) = Cli.Run("check", Cli.Stories, file, "--json");
        Assert.Equal(0, code);
        using JsonDocument json = JsonDocument.Parse(output);
        JsonElement[] checks = [.. json.RootElement.GetProperty("checks").EnumerateArray()];
        Assert.Equal(["weights", "finite logits", "cache against none", "tokenizer", "chat template", "generation",
            "tokens of both", "logits of both"],
            checks.Select(check => check.GetProperty("name").GetString()));
        Assert.All(checks, check => Assert.NotEqual("failed", check.GetProperty("result").GetString()));
        JsonElement comparison = json.RootElement.GetProperty("comparison");
        Assert.Equal(1, comparison.GetProperty("agreement").GetDouble());
        Assert.InRange(comparison.GetProperty("max_difference").GetDouble(), 0, 1e-4);

        // Four bits are near, and further than a divergence of nothing.
        (code, output, _) = Cli.Run("check", Cli.Stories, small);
        Assert.Contains("logits of both", output);
        (code, output, _) = Cli.Run("check", Cli.Stories, small, "--max-kl", "0.000001");
        Assert.Equal(1, code);
        Assert.Contains("more than --max-kl 1E-06", output);
        Assert.EndsWith("failed", output.TrimEnd());
    }

    [StoriesFact]
    public void Another_model_is_found_out()
    {
        string other = Path.Combine(_folder.Path, "other");
        Damage(other, "model.layers.1.mlp.down_proj.weight", 2);
        (int code, string output, _) = Cli.Run("check", Cli.Stories, other, "--max-kl", "0.001");
        Assert.Equal(1, code);
        Assert.Contains("failed   logits of both", output);
    }

    [StoriesFact]
    public void What_is_no_number_is_named()
    {
        string other = Path.Combine(_folder.Path, "nan");
        Damage(other, "model.norm.weight", float.NaN);
        (int code, string output, _) = Cli.Run("check", other);
        Assert.Equal(1, code);
        Assert.Contains("is NaN", output);
        Assert.Contains("skipped  generation", output);
    }

    [Fact]
    public void A_model_without_a_tokenizer_and_without_a_memory_is_checked_too()
    {
        TinyModels.WriteBert(_folder.Path, "BertForMaskedLM");
        File.Delete(Path.Combine(_folder.Path, "vocab.txt"));
        File.Delete(Path.Combine(_folder.Path, "tokenizer.json"));
        (int code, string output, string error) = Cli.Run("check", _folder.Path);
        Assert.True(code == 0, output + error);
        Assert.Contains("skipped  cache against none", output);
        Assert.Contains("skipped  tokenizer", output);
        Assert.Contains("passed   finite logits", output);
    }

    /// <summary>Waves that depend on how long a text will be, and rows that a later id can change.</summary>
    [Theory]
    [InlineData("passed   cache against none", """
        {"architectures": ["Phi3ForCausalLM"], "vocab_size": 61, "hidden_size": 40, "intermediate_size": 56,
        "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 128,
        "original_max_position_embeddings": 16, "rope_scaling": {"type": "longrope",
        "long_factor": [1.1, 1.7, 2.6, 4.1, 5.2], "short_factor": [1.0, 1.3, 1.9, 3.0, 4.0]}}
        """)]
    [InlineData("skipped  cache against none", """
        {"architectures": ["ReformerModelWithLMHead"], "attn_layers": ["local", "lsh"], "axial_pos_embds": false,
        "num_hashes": 2, "num_buckets": 4, "vocab_size": 61, "hidden_size": 36, "feed_forward_size": 56,
        "num_attention_heads": 3, "attention_head_size": 10, "local_attn_chunk_length": 7, "lsh_attn_chunk_length": 5,
        "max_position_embeddings": 128, "is_decoder": true, "hash_seed": 3}
        """)]
    public void What_a_cache_holds_is_checked_for_every_kind_of_model(string line, string config)
    {
        using (Model model = Model.Create("made", System.Text.Encoding.UTF8.GetBytes(config), new RandomSource(7)))
            CheckpointWriter.Write(model, _folder.Path);
        (int code, string output, string error) = Cli.Run("check", _folder.Path);
        Assert.True(code == 0, output + error);
        Assert.Contains(line, output);
    }

    [Fact]
    public void A_missing_model_and_a_wrong_limit_have_their_codes()
    {
        Assert.Equal(1, Cli.Run("check", Path.Combine(_folder.Path, "no-such-model")).Code);
        (int code, _, string error) = Cli.Run("check", _folder.Path, "--max-kl", "-1");
        Assert.Equal(2, code);
        Assert.Contains("--max-kl is -1", error);
    }

    [StoriesFact]
    public void Inspect_says_how_matrices_are_used()
    {
        string small = Path.Combine(_folder.Path, "small.gguf");
        Assert.Equal(0, Cli.Run("quantize", "-m", Cli.Stories, "-o", small, "--type", "q4_0", "--pure").Code);
        using JsonDocument json = JsonDocument.Parse(Cli.Run("inspect", "-m", small, "--json").Output);
        JsonElement group = json.RootElement.GetProperty("matrices")[0];
        Assert.Equal("Q4_0", group.GetProperty("stored").GetString());
        Assert.Equal("Q4_0 blocks", group.GetProperty("used").GetString());
        Assert.False(group.GetProperty("opened").GetBoolean());
        Assert.Contains("Q4_0, multiplied as stored (Q4_0 blocks)", Cli.Run("inspect", "-m", small).Output);
    }

    /// <summary>The stories model with one tensor multiplied.</summary>
    private static void Damage(string folder, string name, float factor)
    {
        Directory.CreateDirectory(folder);
        foreach (string file in Directory.EnumerateFiles(Cli.Stories))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        using Model model = Model.Load(folder, new ModelLoadOptions { Storage = WeightStorage.F32 });
        Parameter part = model.Parameters.Single(p => p.Place.Name == name).Parameter;
        float[] row = new float[part.Columns];
        for (int i = 0; i < part.Rows; i++)
        {
            part.ReadRow(i, row);
            part.WriteRow(i, [.. row.Select(value => value * factor)]);
        }

        CheckpointWriter.Write(model, folder);
    }
}
