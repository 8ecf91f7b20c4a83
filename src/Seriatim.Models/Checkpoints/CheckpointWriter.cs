using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Seriatim.Models;

/// <summary>
/// Writes a model as a folder that <see cref="Model.Load"/> and the reference library read: config and safetensors.
/// </summary>
public static class CheckpointWriter
{
    /// <summary>
    /// Writes <c>config.json</c> (as it was read) and <c>model.safetensors</c> (under the file names of the architecture,
    /// fused and transposed tensors put together again). Existing files of these names are replaced, each in one step, and are on
    /// the disk when the call returns.
    /// </summary>
    /// <param name="model">A model with a config, loaded or created.</param>
    /// <param name="folder">Made if it does not exist.</param>
    /// <param name="type">F32, or BF16 or F16 at half the size: values are rounded to nearest even, and the config's
    /// <c>torch_dtype</c> says so.</param>
    /// <exception cref="ArgumentException">The type is none of these, or a value is too large for F16.</exception>
    /// <exception cref="InvalidOperationException">The model was built from a spec and has no config.</exception>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public static void Write(Model model, string folder, DataType type = DataType.F32)
    {
        (SafetensorsType stored, string torchType) = type switch
        {
            DataType.F32 => (SafetensorsType.F32, "float32"),
            DataType.BF16 => (SafetensorsType.BF16, "bfloat16"),
            DataType.F16 => (SafetensorsType.F16, "float16"),
            _ => throw new ArgumentException($"Weights are written as F32, BF16 or F16, not {type}.", nameof(type)),
        };
        if (model.Config.Json.IsEmpty)
            throw new InvalidOperationException(
                "The model was built from a spec, without a config; there is nothing to write as config.json.");
        if (model.Matrices.Count > 0)
        {
            throw new InvalidOperationException(
                $"{model.Matrices.Count} matrices of the model are in quantised blocks ({model.Matrices[0]}); load it with its "
                    + "weights as F32 to write it.");
        }

        Directory.CreateDirectory(folder);
        IReadOnlyList<ModelParameter> parameters = InPlaces(model);
        IEnumerable<SafetensorsTensorSpec> specs = CheckpointExporter.Shapes(parameters).Select(
            t => new SafetensorsTensorSpec(t.Name, stored, [.. t.Shape]));
        string path = Path.Combine(folder, SafetensorsCheckpoint.SingleFileName);
        var metadata = new Dictionary<string, string> { ["format"] = "pt" };
        using (SafetensorsWriter writer = SafetensorsWriter.Create(path, specs, metadata))
        {
            foreach (ExportedTensor tensor in CheckpointExporter.Data(parameters))
            {
                if (SixteenBits.FirstOverflow(tensor.Values, type) is >= 0 and int at)
                    throw new ArgumentException($"{tensor.Name} holds {tensor.Values[at]}, {TooLarge(type)}.", nameof(type));
                writer.AppendF32(tensor.Name, tensor.Values);
            }

            writer.Complete();
        }

        string config = Path.Combine(folder, Model.ConfigFileName);
        using (var file = new FileStream(config + ".new", FileMode.Create, FileAccess.Write))
        {
            file.Write(Config(model.Config.Json, type == DataType.F32, torchType));
            file.Flush(flushToDisk: true);
        }

        File.Move(config + ".new", config, overwrite: true);
    }

    /// <summary>Why a value cannot be stored, and what can hold it.</summary>
    internal static string TooLarge(DataType type) => type == DataType.F16
        ? "which F16 (up to 65504) has no place for; write BF16"
        : $"which {type} (up to 3.39e38) has no place for; write F32";

    /// <summary>The config as it was read; where it names another type than that of the file, with the right one.</summary>
    private static byte[] Config(ReadOnlyMemory<byte> json, bool isUsual, string torchType)
    {
        using JsonDocument document = LenientJson.Parse(json, Model.ConfigFileName);
        JsonObject config = JsonObject.Create(document.RootElement)!;
        string key = config.ContainsKey("dtype") ? "dtype" : "torch_dtype";
        string? named = config[key] is JsonValue value && value.TryGetValue(out string? text) ? text : null;
        bool coded = false;
        foreach (string section in WeightCoding.Sections)
            coded |= config.Remove(section); // the weights are written as they are
        bool renamed = named != torchType && !(named is null && isUsual);
        if (!renamed && !coded)
            return json.ToArray();
        if (renamed)
            config[key] = torchType;
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream,
            new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            config.WriteTo(writer);
        }
        return stream.ToArray();
    }

    /// <summary>
    /// The parameters with their places in this format: a model from a GGUF file, or from a wrapper, has those of that file.
    /// </summary>
    private static IReadOnlyList<ModelParameter> InPlaces(Model model)
    {
        if (model.Config is { Metadata: null, IsTranslated: false })
            return model.Parameters;
        using JsonDocument json = LenientJson.Parse(model.Config.Json, Model.ConfigFileName);
        NameTable names = ArchitectureRegistry.Find(new ConfigReader(Model.ConfigFileName, json.RootElement)).Architecture
            .TensorNames(model.Spec);
        return [.. model.Parameters.Select(p => p with { Place = names.Find(p.Path, p.Ending) })];
    }
}
