namespace Seriatim.Models;

/// <summary>
/// Writes a model as a folder that <see cref="Model.Load"/> and the reference library read: config and safetensors.
/// </summary>
public static class CheckpointWriter
{
    /// <summary>
    /// Writes <c>config.json</c> (as it was read) and <c>model.safetensors</c> (F32, under the file names of the architecture,
    /// fused and transposed tensors put together again). Existing files of these names are replaced, each in one step.
    /// </summary>
    /// <param name="model">A model with a config, loaded or created.</param>
    /// <param name="folder">Made if it does not exist.</param>
    /// <exception cref="InvalidOperationException">The model was built from a spec and has no config.</exception>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public static void Write(Model model, string folder)
    {
        if (model.Config.Json.IsEmpty)
            throw new InvalidOperationException(
                "The model was built from a spec, without a config; there is nothing to write as config.json.");
        if (model.Matrices.Count > 0)
        {
            throw new InvalidOperationException(
                $"{model.Matrices.Count} matrices of the model are in quantised blocks ({model.Matrices[0]}); load it with its weights as F32 to write it.");
        }

        Directory.CreateDirectory(folder);
        IReadOnlyList<ModelParameter> parameters = InPlaces(model);
        IEnumerable<SafetensorsTensorSpec> specs = CheckpointExporter.Shapes(parameters).Select(
            t => new SafetensorsTensorSpec(t.Name, SafetensorsType.F32, [.. t.Shape]));
        string path = Path.Combine(folder, SafetensorsCheckpoint.SingleFileName);
        var metadata = new Dictionary<string, string> { ["format"] = "pt" };
        using (SafetensorsWriter writer = SafetensorsWriter.Create(path, specs, metadata))
        {
            foreach (ExportedTensor tensor in CheckpointExporter.Data(parameters))
                writer.AppendF32(tensor.Name, tensor.Values);
            writer.Complete();
        }

        string config = Path.Combine(folder, Model.ConfigFileName);
        File.WriteAllBytes(config + ".new", model.Config.Json.ToArray());
        File.Move(config + ".new", config, overwrite: true);
    }

    /// <summary>The parameters with their places in this format: a model from a GGUF file has those of that file.</summary>
    private static IReadOnlyList<ModelParameter> InPlaces(Model model)
    {
        if (model.Config.Metadata is null)
            return model.Parameters;
        using System.Text.Json.JsonDocument json = System.Text.Json.JsonDocument.Parse(model.Config.Json);
        NameTable names = ArchitectureRegistry.Find(new ConfigReader(Model.ConfigFileName, json.RootElement)).Architecture.TensorNames(model.Spec);
        return [.. model.Parameters.Select(p => p with { Place = names.Find(p.Path, p.Ending) })];
    }
}
