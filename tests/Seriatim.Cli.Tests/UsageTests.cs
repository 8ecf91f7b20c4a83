using System.Text.Json;

namespace Seriatim.Cli.Tests;

public sealed class UsageTests
{
    [Fact]
    public void Help_lists_the_commands()
    {
        (int code, string output, _) = Cli.Run("--help");
        Assert.Equal(0, code);
        Assert.Contains("seriatim COMMAND", output);
        foreach (string command in new[] { "generate", "inspect", "tokenize" })
            Assert.Contains(command, output);
    }

    [Fact]
    public void A_misspelt_flag_is_named_with_the_nearest_one()
    {
        (int code, string output, string error) = Cli.Run("generate", "-m", "x", "--tmep", "0");
        Assert.Equal(2, code);
        Assert.Empty(output);
        Assert.Contains("--tmep", error);
        Assert.Contains("--temp", error);
    }

    [Fact]
    public void A_missing_model_says_what_to_give()
    {
        (int code, _, string error) = Cli.Run("generate", "-m", "no/such/folder", "-p", "x");
        Assert.Equal(1, code);
        Assert.Contains("no/such/folder", error);
        Assert.Contains("config.json", error);
        Assert.DoesNotContain("   at ", error);
        Assert.Equal(2, Cli.Run("inspect").Code);
    }

    [Fact]
    public void Without_a_model_the_built_in_ones_are_used_or_named()
    {
        // They lie beside the program, so the current folder does not matter.
        using var nowhere = new TempFolder();
        (int code, string output, string error) = Cli.RunAt(nowhere.Path, "generate", "The cat", "-n", "2", "--temp", "0");
        Assert.True(code == 0, error);
        Assert.Equal(output, Cli.Run("generate", "-m", Path.Combine(Cli.Root, "models", "stories"), "The cat", "-n", "2", "--temp", "0").Output);
        foreach (string verb in new[] { "generate", "translate", "fill" })
        {
            (code, _, error) = Cli.RunIn([("SERIATIM_MODELS", nowhere.Path)], verb, "x");
            Assert.Equal(1, code);
            Assert.Contains("-m", error);
            Assert.Contains("no built-in models", error);
        }
    }

    [Fact]
    public void Prompts_are_given_once_and_files_must_exist()
    {
        Assert.Equal(2, Cli.Run("generate", "-m", "x", "-p", "a", "b").Code);
        (int code, _, string error) = Cli.Run("generate", "-m", "x", "-f", "missing.txt");
        Assert.Equal(1, code);
        Assert.Contains("missing.txt", error);
        string file = Path.GetTempFileName();
        File.WriteAllText(file, "{\"prompt\": \"a\"}\n{\"promt\": \"b\"}\n");
        (code, _, error) = Cli.Run("generate", "-m", "x", "--input", file);
        File.Delete(file);
        Assert.Equal(1, code);
        Assert.Contains("line 2", error);
        Assert.Contains("promt", error);
    }

    [StoriesFact]
    public void Inspect_shows_the_numbers()
    {
        (int code, string output, _) = Cli.Run("inspect", "-m", Cli.Stories, "--json");
        Assert.Equal(0, code);
        using JsonDocument json = JsonDocument.Parse(output);
        JsonElement root = json.RootElement;
        Assert.Equal("llama", root.GetProperty("architecture").GetString());
        Assert.Equal(260_032, root.GetProperty("parameters").GetInt64());
        Assert.Equal(512, root.GetProperty("context").GetInt32());
        Assert.Equal(5L * 4 * (8 + 16) * 4, root.GetProperty("bytes_per_token").GetInt64());
        Assert.Equal(512L * 5 * 4 * (8 + 16) * 4, root.GetProperty("cache_bytes").GetInt64());
        Assert.Equal("8 heads of 8, 4 key/value heads, rotary positions (base 10000, 8 features)", root.GetProperty("attention").GetString());
        Assert.Equal(("rotary", 10000, 8), (root.GetProperty("positions").GetString(), root.GetProperty("rope_base").GetDouble(), root.GetProperty("rope_features").GetInt32()));
        Assert.Equal((0, 0), (root.GetProperty("windowed_layers").GetInt32(), root.GetProperty("ignored_keys").GetArrayLength()));
        Assert.False(root.TryGetProperty("rope_scaling", out _));
        Assert.Contains("attention", Cli.Run("inspect", "-m", Cli.Stories).Output);
        (code, output, _) = Cli.Run("inspect", "-m", Cli.Stories, "--tensors");
        Assert.Equal(0, code);
        Assert.Contains("model.layers.4.mlp.down_proj.weight", output);
        (code, _, string error) = Cli.Run("inspect", "-m", Cli.Stories, "-c", "9999");
        Assert.Equal(1, code);
        Assert.Contains("9999", error);
        Assert.Contains("512", error);
    }

    [StoriesFact]
    public void Tokenize_goes_there_and_back()
    {
        (int code, string output, _) = Cli.Run("tokenize", "encode", "-m", Cli.Stories, "Hello, world!");
        Assert.Equal(0, code);
        Assert.Equal("1 346 306 414 432 263 304 341 443\n", output);
        Assert.Equal("Hello, world!\n", Cli.RunWithInput(output, "tokenize", "decode", "-m", Cli.Stories).Output);
        Assert.Equal("9\n", Cli.RunWithInput("Hello, world!", "tokenize", "count", "-m", Cli.Stories).Output);
        Assert.Contains("346", Cli.Run("tokenize", "show", "-m", Cli.Stories, "Hello").Output);
        (code, _, string error) = Cli.Run("tokenize", "decode", "-m", Cli.Stories, "512");
        Assert.Equal(1, code);
        Assert.Contains("511", error);
    }

    [Fact]
    public void Tokenize_train_writes_a_vocabulary_that_reads_back()
    {
        string folder = Directory.CreateTempSubdirectory("seriatim").FullName;
        string text = Path.Combine(folder, "text.txt");
        File.WriteAllLines(text, Enumerable.Range(0, 200).Select(i => $"the cat number {i} sat on the mat and sang a song"));
        (int code, _, string error) = Cli.Run("tokenize", "train", text, "-o", folder, "--vocab-size", "300");
        Assert.True(code == 0, error);
        (code, string output, _) = Cli.Run("tokenize", "encode", "-m", folder, "the cat sang");
        Assert.Equal(0, code);
        Assert.Equal("the cat sang\n", Cli.RunWithInput(output, "tokenize", "decode", "-m", folder).Output);
        Directory.Delete(folder, recursive: true);
    }
}
