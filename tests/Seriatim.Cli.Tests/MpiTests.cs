using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace Seriatim.Cli.Tests;

/// <summary>train under mpirun: the same bytes as by itself, and what stops it.</summary>
public sealed class MpiTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public MpiTests()
    {
        File.WriteAllLines(_folder.File("data.txt"), Enumerable.Range(0, 60)
            .Select(i => $"the {(char)('a' + i * 7 % 26)} sat on the {(char)('a' + i * 11 % 26)}."));
        Write("alone");
        Write("together");
    }

    public void Dispose() => _folder.Dispose();

    [MpiFact]
    public void Two_ranks_write_what_one_process_writes()
    {
        (int code, _, string error) = Cli.Run("train", _folder.File("alone.json"), "-t", "1");
        Assert.True(code == 0, error);
        (code, string output, error) = Mpirun.Run(
            ["-np", "2", .. Mpirun.Program, "train", _folder.File("together.json"), "-t", "1"]);
        Assert.True(code == 0, error);
        Assert.Equal(_folder.File("together/final") + "\n", output);
        Assert.Contains("2 processes, 1 threads each", error);
        Assert.Single(error.Split('\n'), line => line.Contains("step 4/8  loss", StringComparison.Ordinal));
        // The recipes differ in the name of their folder.
        string[] files = ["model.safetensors", "training_state.safetensors", "trainer_state.json"];
        Assert.All(files, file => Assert.Equal(Hash("alone", file), Hash("together", file)));
    }

    [MpiFact]
    public void Ranks_that_differ_are_refused_by_name()
    {
        Write("other", recipe => recipe["learning_rate"] = 0.02);
        (int code, string output, string error) = Mpirun.Run(
        [
            "-np", "1", .. Mpirun.Program, "train", _folder.File("together.json"), ":",
            "-np", "1", .. Mpirun.Program, "train", _folder.File("other.json"),
        ]);
        Assert.NotEqual(0, code);
        Assert.Empty(output);
        Assert.Contains("rank 1 (", error);
        Assert.Contains("has learning_rate: 0.02; rank 0 has 0.01", error);
        Assert.False(Directory.Exists(_folder.File("together/checkpoint-8")));
    }

    private string Hash(string run, string file) =>
        Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(_folder.File($"{run}/checkpoint-8/{file}"))));

    private void Write(string name, Action<JsonObject>? change = null)
    {
        JsonObject recipe = JsonNode.Parse($$"""
            {
              "output_dir": "{{name}}", "tokenizer": "tokenizer/tokenizer.json",
              "train_tokenizer": {"type": "byte_level_bpe", "vocab_size": 280, "special_tokens": ["<|endoftext|>"]},
              "model_config": {
                "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 280, "hidden_size": 16,
                "intermediate_size": 32,
                "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 2, "max_position_embeddings": 16,
                "tie_word_embeddings": true, "bos_token_id": 0, "eos_token_id": 0
              },
              "train_files": [{"path": "data.txt"}], "validation_split": 0.1, "long_sequences": "split",
              "per_device_train_batch_size": 2,
              "gradient_accumulation_steps": 3, "max_steps": 8, "learning_rate": 0.01, "lr_scheduler_type": "constant",
              "logging_steps": 4,
              "eval_steps": 4, "save_steps": 4, "seed": 1
            }
            """)!.AsObject();
        change?.Invoke(recipe);
        File.WriteAllText(_folder.File($"{name}.json"), recipe.ToJsonString());
    }
}
