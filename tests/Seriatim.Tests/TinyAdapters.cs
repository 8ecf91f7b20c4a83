using System.Runtime.InteropServices;
using Seriatim.Formats;

namespace Seriatim.Tests;

/// <summary>Adapters of random values for the tiny llama, in the layout of PEFT.</summary>
internal static class TinyAdapters
{
    private const int Rank = 3;

    /// <summary>Writes one.</summary>
    /// <param name="folder">Where; it is made.</param>
    /// <param name="seed">Other values for another seed.</param>
    /// <param name="width">Width of the model; another one than 32 fits no tiny llama.</param>
    /// <param name="more">Further keys of the config.</param>
    /// <returns>The folder.</returns>
    public static string Write(string folder, int seed, int width = 32, string more = "")
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "adapter_config.json"),
            $$"""
            {"peft_type": "LORA", "r": {{Rank}}, "lora_alpha": 6, "target_modules": ["q_proj", "down_proj"],
            "bias": "none"{{more}}}
            """);
        var shapes = new List<SafetensorsTensorSpec>();
        foreach ((string module, int inputs, int outputs) in
            new[] { ("self_attn.q_proj", width, width), ("mlp.down_proj", 2 * width, width) })
        {
            for (int layer = 0; layer < 2; layer++)
            {
                string name = $"base_model.model.model.layers.{layer}.{module}";
                shapes.Add(new($"{name}.lora_A.weight", SafetensorsType.F32, [Rank, inputs]));
                shapes.Add(new($"{name}.lora_B.weight", SafetensorsType.F32, [outputs, Rank]));
            }
        }

        var random = new Random(seed);
        using SafetensorsWriter file = SafetensorsWriter.Create(Path.Combine(folder, "adapter_model.safetensors"), shapes);
        foreach (SafetensorsTensorSpec shape in shapes)
        {
            float[] values = new float[shape.Shape[0] * shape.Shape[1]];
            for (int i = 0; i < values.Length; i++)
                values[i] = random.NextSingle() - 0.5f;
            file.Append(shape.Name, MemoryMarshal.AsBytes<float>(values));
        }

        file.Complete();
        return folder;
    }
}
