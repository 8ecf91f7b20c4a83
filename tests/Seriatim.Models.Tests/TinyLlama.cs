using System.Text;
using System.Text.Json.Nodes;

namespace Seriatim.Models.Tests;

/// <summary>A llama small enough to write in a moment, and folders with it that can be damaged.</summary>
internal static class TinyLlama
{
    public const string Config = """
        {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 17, "hidden_size": 8, "intermediate_size": 12,
        "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 16,
        "tie_word_embeddings": false, "bos_token_id": 1, "eos_token_id": [2, 3], "attention_dropout": 0.1}
        """;

    public static Model Create(string config = Config) =>
        Model.Create("config", Encoding.UTF8.GetBytes(config), new RandomSource(3));

    /// <summary>The config with keys set or, where the value is null, taken away.</summary>
    public static string With(params (string Key, JsonNode? Value)[] changes)
    {
        JsonObject json = JsonNode.Parse(Config)!.AsObject();
        foreach ((string key, JsonNode? value) in changes)
        {
            json.Remove(key);
            if (value is not null)
                json.Add(key, value);
        }

        return json.ToJsonString();
    }

    /// <summary>Writes the model's folder.</summary>
    public static void Write(string folder)
    {
        using Model model = Create();
        CheckpointWriter.Write(model, folder);
    }

    /// <summary>Writes the folder with other tensors than the model has.</summary>
    public static void Write(string folder, Func<ExportedTensor, ExportedTensor?> change, params ExportedTensor[] extra)
    {
        using Model model = Create();
        Write(model, folder, change, extra);
    }

    /// <summary>Writes a model's folder with other tensors than it has.</summary>
    public static void Write(
        Model model, string folder, Func<ExportedTensor, ExportedTensor?> change, params ExportedTensor[] extra)
    {
        CheckpointWriter.Write(model, folder);
        ExportedTensor[] tensors = [.. CheckpointExporter.Data(model.Parameters).Select(change).OfType<ExportedTensor>(),
            .. extra];
        using SafetensorsWriter writer = SafetensorsWriter.Create(Path.Combine(folder, "model.safetensors"),
            tensors.Select(t => new SafetensorsTensorSpec(t.Name, SafetensorsType.F32, [.. t.Shape])));
        foreach (ExportedTensor tensor in tensors)
            writer.AppendF32(tensor.Name, tensor.Values);
        writer.Complete();
    }
}

/// <summary>A folder that is gone after the test.</summary>
internal sealed class TempFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("seriatim-models-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
