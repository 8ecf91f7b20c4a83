using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Seriatim.Training;

namespace Seriatim.Cli.Tests;

/// <summary>train: what it writes, says and refuses, and that a stopped run goes on as if it had not been.</summary>
public sealed class TrainTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public TrainTests()
    {
        File.WriteAllLines(_folder.File("data.txt"), Enumerable.Range(0, 60).Select(i => $"the {(char)('a' + i * 7 % 26)} sat on the {(char)('a' + i * 11 % 26)}."));
        Recipe = JsonNode.Parse("""
            {
              "output_dir": "out", "tokenizer": "tokenizer/tokenizer.json",
              "train_tokenizer": {"type": "byte_level_bpe", "vocab_size": 280, "special_tokens": ["<|endoftext|>"]},
              "model_config": {
                "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 280, "hidden_size": 16, "intermediate_size": 32,
                "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 2, "max_position_embeddings": 16,
                "tie_word_embeddings": true, "bos_token_id": 0, "eos_token_id": 0
              },
              "train_files": [{"path": "data.txt"}], "validation_split": 0.1, "long_sequences": "split", "per_device_train_batch_size": 2,
              "max_steps": 12, "learning_rate": 0.01, "lr_scheduler_type": "constant", "logging_steps": 4, "eval_steps": 6, "save_steps": 100, "seed": 1
            }
            """)!.AsObject();
        WriteRecipe();
    }

    private JsonObject Recipe { get; }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_recipe_becomes_a_model_that_generates()
    {
        // A folder stands for the recipe.json in it.
        (int code, string output, string error) = Cli.Run("train", _folder.Path, "-t", "1");
        Assert.True(code == 0, error);
        Assert.Equal(_folder.File("out/final") + "\n", output);
        foreach (string part in new[] { "memory: ", "activations", "llama, ", "step 4/12  loss ", "tokens/s", "ETA ", "step 6/12  validation ", "bits per byte", "12 steps done" })
            Assert.Contains(part, error);
        Assert.DoesNotContain("\e", error);
        (code, output, error) = Cli.Run("generate", "-m", _folder.File("out/final"), "the", "-n", "3");
        Assert.True(code == 0, error);
        Assert.StartsWith("the", output);

        (code, output, error) = Cli.Run("train", _folder.Path);
        Assert.Equal(1, code);
        Assert.Contains("checkpoint-12", error);
        Assert.Contains("--resume", error);
        Assert.Empty(output);
    }

    [Fact]
    public void Json_lines_tell_each_event()
    {
        JsonElement[] events = [.. Lines(Cli.Run("train", _folder.Path, "--json", "--resume"))];
        Assert.Equal(["start", "log", "log", "log", "log", "log", "end"], events.Select(e => e.GetProperty("event").GetString()));
        JsonElement memory = events[0].GetProperty("memory");
        Assert.Equal(memory.GetProperty("total").GetInt64(), memory.EnumerateObject().SkipLast(1).Sum(part => part.Value.GetInt64()));
        Assert.True(events[1].GetProperty("values").GetProperty("loss").GetDouble() > 0);
        Assert.Equal(_folder.File("out/final"), events[^1].GetProperty("model").GetString());
        Assert.False(events[^1].GetProperty("cancelled").GetBoolean());
    }

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    [InlineData("HUP")]
    public void A_stopped_run_saves_and_goes_on_as_if_it_had_not_been(string signal)
    {
        Recipe["max_steps"] = 100_000;
        Recipe["save_steps"] = 0; // a fast machine is past any number of steps before the signal comes
        Recipe["logging_steps"] = 1;
        Recipe["eval_steps"] = 0;
        WriteRecipe();
        using (Process process = Cli.Start("train", _folder.Path, "-t", "1"))
        {
            process.StandardInput.Close();
            string? line;
            while ((line = process.StandardError.ReadLine()) is not null && !line.Contains("loss", StringComparison.Ordinal))
            {
            }

            using (Process kill = Process.Start("kill", [$"-{signal}", $"{process.Id}"]))
                kill.WaitForExit();
            string error = process.StandardError.ReadToEnd();
            Assert.True(process.WaitForExit(60_000), "It did not end.");
            Assert.True(process.ExitCode == 130, error);
            Assert.Contains($"seriatim train {_folder.Path} --resume", error);
            Assert.Empty(process.StandardOutput.ReadToEnd());
        }

        int stopped = int.Parse(Path.GetFileName(Directory.GetDirectories(_folder.File("out"), "checkpoint-*").Single())["checkpoint-".Length..]);
        Recipe["max_steps"] = stopped + 5;
        WriteRecipe();
        Assert.Equal(0, Cli.Run("train", _folder.Path, "--resume", "-t", "2").Code);
        string resumed = Hash();
        Recipe["output_dir"] = "straight";
        WriteRecipe();
        Assert.Equal(0, Cli.Run("train", _folder.Path).Code);
        Assert.Equal(resumed, Hash());
    }

    [Fact]
    public void The_first_recipe_has_its_data_with_it_and_the_others_say_where_theirs_are()
    {
        TrainingRecipe first = TrainingRecipe.Load(Path.Combine(Cli.Root, "recipes", "tinyshakespeare", "recipe.json"));
        Assert.All(first.TrainFiles, file => Assert.StartsWith(Path.GetFullPath(Cli.Root), file.File.Path));
        foreach (string folder in Directory.GetDirectories(Path.Combine(Cli.Root, "recipes")))
        {
            JsonNode recipe = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "recipe.json")))!;
            Assert.All(recipe["train_files"]!.AsArray(), file => Assert.True(
                !((string)file!["path"]!).Contains("..", StringComparison.Ordinal) || file["origin"] is not null, folder));
        }

        Recipe["train_files"]![0]!["path"] = "missing.txt";
        Recipe["train_files"]![0]!["origin"] = "Ask the library.";
        WriteRecipe();
        (int code, _, string error) = Cli.Run("train", _folder.Path);
        Assert.Equal(1, code);
        Assert.Contains("missing.txt", error);
        Assert.Contains("Ask the library.", error);
    }

    [Fact]
    public void What_is_wrong_is_named_with_what_was_meant()
    {
        (int code, _, string error) = Cli.Run("train", _folder.File("none.json"));
        Assert.Equal(1, code);
        Assert.Contains("none.json", error);
        Recipe["learning_rte"] = 0.1;
        WriteRecipe();
        Assert.Contains("did you mean learning_rate?", Fails());
        Recipe.Remove("learning_rte");
        Recipe.Remove("max_steps");
        Recipe["max_step"] = 3;
        WriteRecipe();
        Assert.Contains("is \"max_step\" meant for it?", Fails());
        Recipe.Remove("max_step");
        Recipe["max_steps"] = 3;
        Recipe["model_config"]!["hidden_size"] = 262_144;
        Recipe["model_config"]!["num_hidden_layers"] = 100;
        WriteRecipe();
        Assert.Contains("--ignore-memory", Fails());
        Assert.False(Directory.Exists(_folder.File("out")));
        (code, _, error) = Cli.Run("train", _folder.Path, "--resum");
        Assert.Equal(2, code);
        Assert.Contains("--resume", error);
    }

    [TerminalFact]
    public void The_panel_moves_on_a_terminal_and_leaves_nothing_behind()
    {
        Recipe["max_steps"] = 3000;
        WriteRecipe();
        string program = Path.Combine(AppContext.BaseDirectory, "Seriatim.Cli.dll");
        var start = new ProcessStartInfo("/usr/bin/script", ["-qec", $"dotnet '{program}' train '{_folder.Path}' -t 1 > /dev/null", "/dev/null"])
        {
            RedirectStandardOutput = true,
            RedirectStandardInput = true,
        };
        start.Environment["TERM"] = "xterm-256color";
        using Process process = Process.Start(start)!;
        string seen = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Contains("of 3,000", seen);
        Assert.Contains("━", seen);
        Assert.Contains("█", seen);
        Assert.DoesNotContain("step 4/3000", seen);
        Assert.EndsWith("The model:", seen.Replace("\e[0m", "", StringComparison.Ordinal).TrimEnd());
    }

    private static IEnumerable<JsonElement> Lines((int Code, string Output, string Error) run)
    {
        Assert.True(run.Code == 0, run.Error);
        return run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement);
    }

    private string Fails()
    {
        (int code, _, string error) = Cli.Run("train", _folder.Path);
        Assert.Equal(1, code);
        Assert.DoesNotContain("   at ", error);
        return error;
    }

    private string Hash() =>
        Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(_folder.File($"{Recipe["output_dir"]}/final/model.safetensors"))));

    private void WriteRecipe() => File.WriteAllText(_folder.File("recipe.json"), Recipe.ToJsonString());
}
