using System.Text;
using Seriatim.Models;
using Seriatim.Tensors;

namespace Seriatim.Server.Benchmarks;

/// <summary>A file of random weights in the shape of a 135M-parameter model, with the tokenizer of the stories.</summary>
internal static class ShapeFile
{
    private const string Config = """
        {
          "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu", "hidden_size": 576,
          "intermediate_size": 1536, "num_hidden_layers": 30, "num_attention_heads": 9, "num_key_value_heads": 3, "vocab_size": 49152,
          "max_position_embeddings": 8192, "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "tie_word_embeddings": true
        }
        """;

    /// <summary>Writes it into a folder, in 8 bits.</summary>
    /// <returns>The file.</returns>
    public static string Write(string folder)
    {
        string full = Path.Combine(folder, "full");
        using (Model model = Model.Create("config.json", Encoding.UTF8.GetBytes(Config), new RandomSource(1)))
            CheckpointWriter.Write(model, full, DataType.BF16);
        string stories = Path.Combine(AppContext.BaseDirectory, "models", "stories");
        foreach (string name in (string[])["tokenizer.json", "tokenizer_config.json"])
            File.Copy(Path.Combine(stories, name), Path.Combine(full, name));
        string file = Path.Combine(folder, "shape-135m-q8_0.gguf");
        ModelConverter.ToGguf(full, file, QuantizationMix.Parse("q8_0", false));
        Directory.Delete(full, recursive: true);
        return file;
    }
}
