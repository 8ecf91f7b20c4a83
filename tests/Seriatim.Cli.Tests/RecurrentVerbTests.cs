namespace Seriatim.Cli.Tests;

/// <summary>LSTM and GRU go through the verbs: train, generate, inspect, convert, bench; and train and translate.</summary>
public sealed class RecurrentVerbTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_recipe_that_names_lstm_goes_through_the_verbs()
    {
        File.WriteAllLines(_folder.File("data.txt"), Enumerable.Range(0, 40).Select(i => $"the {(char)('a' + i % 26)} sat."));
        File.WriteAllText(_folder.File("recipe.json"), """
            {
              "output_dir": "out", "tokenizer": "tokenizer/tokenizer.json",
              "train_tokenizer": {"type": "byte_level_bpe", "vocab_size": 280, "special_tokens": ["<|endoftext|>"]},
              "model_config": {
                "model_type": "lstm", "vocab_size": 280, "embedding_size": 24, "hidden_size": 32, "num_layers": 2,
                "bos_token_id": 0, "eos_token_id": 0
              },
              "train_files": [{"path": "data.txt"}], "per_device_train_batch_size": 2, "long_sequences": "split",
              "max_length": 32, "dropout": 0.1, "gradient_checkpointing": true,
              "max_steps": 4, "learning_rate": 0.01, "lr_scheduler_type": "constant", "save_steps": 100, "seed": 1
            }
            """);
        Run("train", _folder.Path, "-t", "1");
        string model = _folder.File("out/final");
        string text = Run("generate", "-m", model, "the", "-n", "6", "--temp", "0");
        Assert.Equal(text, Run("generate", "-m", model, "the", "-n", "6", "--temp", "0", "--prompt-lookup"));
        string report = Run("inspect", "-m", model);
        Assert.Contains("LSTM of 32 in 2 of 2 layers", report);
        Assert.Contains("of recurrent states", report);
        Assert.Contains("tokens/s", Run("bench", "-m", model, "-p", "8", "-n", "2", "-r", "1", "-b", "1"));
        (int code, _, string error) = Cli.Run("convert", "-m", model, "-o", _folder.File("m.gguf"));
        Assert.NotEqual(0, code);
        Assert.Contains("model_type is lstm, which GGUF files of this version do not hold", error);
    }

    [Theory]
    [InlineData("none")]
    [InlineData("additive")]
    public void A_recurrent_translator_learns_what_its_pairs_say(string attention)
    {
        string[] words = ["one", "two", "red", "sun", "cat"], others = ["un", "deux", "rouge", "soleil", "chat"];
        File.WriteAllLines(_folder.File("pairs.tsv"), words.Zip(others, (a, b) => $"{a}\t{b}"));
        File.WriteAllText(_folder.File("recipe.json"), $$"""
            {
              "output_dir": "out", "tokenizer": "tokenizer/tokenizer.json", "objective": "sequence_to_sequence",
              "train_tokenizer": {"type": "byte_level_bpe", "vocab_size": 270, "special_tokens": ["</s>", "<pad>"],
                "add_eos": true},
              "model_config": {
                "model_type": "rnn_seq2seq", "cell": "gru", "attention": "{{attention}}", "vocab_size": 270,
                "hidden_size": 48, "is_encoder_decoder": true, "eos_token_id": 0, "pad_token_id": 1, "decoder_start_token_id": 1
              },
              "train_files": [{"path": "pairs.tsv", "format": "tsv", "target": "1"}], "add_special_tokens": true, "max_length": 24,
              "per_device_train_batch_size": 5, "max_steps": 100, "learning_rate": 0.01, "lr_scheduler_type": "linear",
              "save_steps": 1000, "seed": 1
            }
            """);
        Run("train", _folder.Path, "-t", "1");
        for (int i = 0; i < words.Length; i++)
        {
            string translated = Run("translate", "-m", _folder.File("out/final"), words[i]);
            Assert.Equal(others[i], translated.Trim());
        }

        Assert.Contains("GRU of 48 in 1 of 1 layers", Run("inspect", "-m", _folder.File("out/final")));
    }

    private static string Run(params string[] arguments)
    {
        (int code, string output, string error) = Cli.Run(arguments);
        Assert.True(code == 0, $"{string.Join(' ', arguments)}: {error}");
        return output;
    }
}
