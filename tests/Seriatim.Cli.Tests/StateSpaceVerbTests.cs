namespace Seriatim.Cli.Tests;

/// <summary>A model without attention goes through every verb: train, generate, inspect, convert, quantize, bench.</summary>
public sealed class StateSpaceVerbTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_recipe_that_names_mamba_goes_through_every_verb()
    {
        File.WriteAllLines(_folder.File("data.txt"), Enumerable.Range(0, 40).Select(i => $"the {(char)('a' + i % 26)} sat."));
        File.WriteAllText(_folder.File("recipe.json"), """
            {
              "output_dir": "out", "tokenizer": "tokenizer/tokenizer.json",
              "train_tokenizer": {"type": "byte_level_bpe", "vocab_size": 280, "special_tokens": ["<|endoftext|>"]},
              "model_config": {
                "model_type": "mamba", "vocab_size": 280, "hidden_size": 32, "num_hidden_layers": 2, "state_size": 4,
                "bos_token_id": 0, "eos_token_id": 0
              },
              "train_files": [{"path": "data.txt"}], "per_device_train_batch_size": 2, "long_sequences": "split",
              "max_steps": 4, "learning_rate": 0.01, "lr_scheduler_type": "constant", "save_steps": 100, "seed": 1
            }
            """);
        Run("train", _folder.Path, "-t", "1");
        string model = _folder.File("out/final");
        string text = Run("generate", "-m", model, "the", "-n", "6", "--temp", "0");
        Assert.Equal(text, Run("generate", "-m", model, "the", "-n", "6", "--temp", "0", "--prompt-lookup"));
        string report = Run("inspect", "-m", model);
        Assert.Contains("Mamba of 64 channels x 4 states in 2 of 2 layers", report);
        Assert.Contains("not limited", report);
        Assert.Contains("of recurrent states", report);
        Assert.DoesNotContain("memory of a token", report);

        string file = _folder.File("m.gguf"), small = _folder.File("small.gguf"), back = _folder.File("back");
        Run("convert", "-m", model, "-o", file, "--type", "f32");
        Assert.Equal(text, Run("generate", "-m", file, "the", "-n", "6", "--temp", "0"));
        Run("convert", "-m", file, "-o", back);
        Assert.Equal(text, Run("generate", "-m", back, "the", "-n", "6", "--temp", "0"));
        Run("quantize", "-m", model, "-o", small, "--type", "q8_0");
        Assert.StartsWith("the", Run("generate", "-m", small, "the", "-n", "3", "--temp", "0"));
        Assert.Contains("tokens/s", Run("bench", "-m", small, "-p", "8", "-n", "2", "-r", "1", "-b", "1"));

        (int code, _, string error) = Cli.Run("generate", "-m", model, "the", "-n", "3", "--window", "4");
        Assert.NotEqual(0, code);
        Assert.Contains("--window is 4; a mamba model", error);
    }

    private static string Run(params string[] arguments)
    {
        (int code, string output, string error) = Cli.Run(arguments);
        Assert.True(code == 0, $"{string.Join(' ', arguments)}: {error}");
        return output;
    }
}
