using System.Text;
using Seriatim.Formats;
using Seriatim.Models;

namespace Seriatim.Peers;

/// <summary>
/// GGUF files of published shapes with random weights, written by our own writer. Speed does not depend on what weights say, and
/// nothing has to be fetched.
/// </summary>
internal static class RandomModels
{
    /// <summary>The file of a shape, made unless it is there.</summary>
    public static string Make(string folder, string shape, string type)
    {
        string path = Path.Combine(folder, $"random-{shape}-{type}.gguf");
        if (File.Exists(path))
            return path;
        Shape made = shape switch
        {
            "1.1b" => new Shape(2048, 5632, 22, 32, 4, 32000, Tied: false),
            "135m" => new Shape(576, 1536, 30, 9, 3, 49152, Tied: true),
            _ => throw new ArgumentOutOfRangeException(nameof(shape), shape, "The shapes are 1.1b and 135m."),
        };
        var source = new RandomBlockSource(QuantizationMix.Parse("f16"), made.Layers, made.Tied, seed: 1);
        using Model model = Model.Create(shape, Encoding.UTF8.GetBytes(made.Config), source);
        GgufModelWriter.Write(model, path, QuantizationMix.Parse(type), $"random-{shape}", Tokenizer(folder, made.Vocabulary));
        return path;
    }

    /// <summary>The tokenizer of a built-in model, with unused entries up to the size of the vocabulary.</summary>
    private static Dictionary<string, object> Tokenizer(string folder, int vocabulary)
    {
        string stories = Path.Combine(AppContext.BaseDirectory, "models", "stories");
        string file = Path.Combine(folder, $"stories-{Guid.NewGuid():N}.gguf");
        try
        {
            ModelConverter.ToGguf(stories, file, QuantizationMix.Parse("q8_0"));
            using GgufFile gguf = GgufFile.Open(file);
            var keys = gguf.Metadata.Where(pair => pair.Key.StartsWith("tokenizer.", StringComparison.Ordinal)).ToDictionary();
            string[] tokens = (string[])keys["tokenizer.ggml.tokens"];
            int[] types = (int[])keys["tokenizer.ggml.token_type"];
            const int Unused = 5;
            int more = vocabulary - tokens.Length;
            keys["tokenizer.ggml.tokens"] = (string[])[.. tokens,
                .. Enumerable.Range(0, more).Select(i => $"[PAD{tokens.Length + i}]")];
            keys["tokenizer.ggml.token_type"] = (int[])[.. types, .. Enumerable.Repeat(Unused, more)];
            if (keys.TryGetValue("tokenizer.ggml.scores", out object? scores))
                keys["tokenizer.ggml.scores"] = (float[])[.. (float[])scores, .. new float[more]];
            return keys;
        }
        finally
        {
            File.Delete(file);
        }
    }

    private sealed record Shape(int Width, int Inner, int Layers, int Heads, int Keys, int Vocabulary, bool Tied)
    {
        public string Config => $$"""
            {
              "architectures": ["LlamaForCausalLM"], "model_type": "llama", 
              "vocab_size": {{Vocabulary}}, "hidden_size": {{Width}}, "intermediate_size": {{Inner}},
              "num_hidden_layers": {{Layers}}, "num_attention_heads": {{Heads}}, "num_key_value_heads": {{Keys}},
              "max_position_embeddings": 2048, "rms_norm_eps": 1e-05, "rope_theta": 10000.0, "hidden_act": "silu",
              "tie_word_embeddings": {{(Tied ? "true" : "false")}}, "attention_bias": false, "mlp_bias": false,
              "bos_token_id": 0, "eos_token_id": 0
            }
            """;
    }
}
