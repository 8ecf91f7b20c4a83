using System.Text.Json;

namespace Seriatim.Models;

/// <summary>What a model folder holds.</summary>
public sealed partial class Model
{
    /// <summary>Reads the config of a folder and the headers of its tensors.</summary>
    private static SafetensorsCheckpoint OpenFolder(
        string folder, out ModelSpec spec, out NameTable names, out ModelConfig config)
    {
        string path = Path.Combine(folder, ConfigFileName);
        if (!Directory.Exists(folder))
            throw new ModelFormatException(
                folder, "there is no such folder.", "Give the folder that holds config.json and model.safetensors.");
        using JsonDocument json = LenientJson.Parse(path);
        TextWrapper? wrapper = TextWrapper.Of(path, json.RootElement);
        (spec, names, config) = ReadConfig(path, wrapper?.Config ?? json.RootElement);
        SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(folder);
        try
        {
            names = wrapper?.Names(names, checkpoint) ?? names;
            StackedExperts.Apply(names, spec, checkpoint);
            config = wrapper is null
                ? config with { Json = LenientJson.WithoutMark(File.ReadAllBytes(path)) }
                : config with { Json = wrapper.Json, IsTranslated = true };
            return checkpoint;
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }
}
