using System.Text;
using Seriatim.Models;
using Seriatim.Tensors;

namespace Seriatim.Server.Benchmarks;

/// <summary>A file of random weights in a known shape, with the tokenizer of the stories.</summary>
internal static class ShapeFile
{
    /// <summary>SmolLM-135M's.</summary>
    public static ModelShape Small { get; } = new("shape-135m-q8_0", Width: 576, Inner: 1536, Layers: 30, Heads: 9, KeyValueHeads: 3);

    /// <summary>About 600M weights: some 50 tokens a second where 30 GB/s are read.</summary>
    public static ModelShape Wide { get; } = new("shape-600m-q8_0", Width: 1280, Inner: 5120, Layers: 24, Heads: 20, KeyValueHeads: 4);

    /// <summary>Writes it into a folder, in 8 bits.</summary>
    /// <returns>The file.</returns>
    public static string Write(string folder, ModelShape shape)
    {
        string full = Path.Combine(folder, "full");
        using (Model model = Model.Create("config.json", Encoding.UTF8.GetBytes(shape.Config), new RandomSource(1)))
            CheckpointWriter.Write(model, full, DataType.BF16);
        string stories = Path.Combine(AppContext.BaseDirectory, "models", "stories");
        foreach (string name in (string[])["tokenizer.json", "tokenizer_config.json"])
            File.Copy(Path.Combine(stories, name), Path.Combine(full, name));
        string file = Path.Combine(folder, $"{shape.Name}.gguf");
        ModelConverter.ToGguf(full, file, QuantizationMix.Parse("q8_0", false));
        Directory.Delete(full, recursive: true);
        return file;
    }
}
