using System.Text.Json;

namespace Seriatim.Models;

/// <summary>Loads a model from a GGUF file.</summary>
internal static class GgufLoader
{
    public static Model Load(string path, ModelLoadOptions options)
    {
        GgufCheckpoint checkpoint = GgufCheckpoint.Open(path);
        try
        {
            GgufDescription found = Describe(new GgufFileHeader(checkpoint));
            ModelSpec spec = options.Apply(found.Spec);
            GgufMap map = found.Map;
            NameTable names = map.NamesIn?.Invoke(spec, found.Metadata) ?? map.Names(spec);
            names.Stage = options.Stage;
            CheckBlocks(checkpoint, spec);
            PackCache? cache = options.Placement == WeightPlacement.Packed
                ? PackCache.Open(options, checkpoint.Files.Select(file => file.Path))
                : null;
            var load = new LoadWork(cache, names.BytesOf(checkpoint.Entries.Select(entry => (entry.Name, entry.ByteLength))),
                options.Progress);
            Model model = Model.Kept(cache, () => Model.Build(spec, names, found.Config with { Metadata = checkpoint.Metadata },
                new GgufSource(checkpoint, options, load), options.Device));
            model.ModuleNames = found.Modules;
            if (options.Placement == WeightPlacement.Mapped)
                model.Owner = checkpoint;
            else
                checkpoint.Dispose();
            return model;
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    /// <summary>What the parts of a model take in the file.</summary>
    public static ModelSizes Measure(string path)
    {
        using GgufCheckpoint checkpoint = GgufCheckpoint.Open(path);
        GgufDescription found = Describe(new GgufFileHeader(checkpoint));
        CheckBlocks(checkpoint, found.Spec);
        NameTable names = found.Map.NamesIn?.Invoke(found.Spec, found.Metadata) ?? found.Map.Names(found.Spec);
        return ModelSizes.Of(found.Spec, names, found.Config.Json,
            checkpoint.Entries.Select(entry => (entry.Name, entry.ByteLength)), checkpoint.Files.Select(file => file.Path));
    }

    /// <summary>The model that a header describes.</summary>
    /// <exception cref="ModelException">The architecture is unknown, or a key cannot be honoured.</exception>
    public static GgufDescription Describe(IGgufHeader header)
    {
        (Architecture architecture, GgufMap map, GgufConfig gguf) = ArchitectureRegistry.Find(header);
        ReadOnlyMemory<byte> json = ReadConfig(architecture, map, gguf);
        using JsonDocument document = LenientJson.Parse(json, header.Path);
        (ModelSpec spec, NameTable modules, ModelConfig config) = Model.ReadConfig(header.Path, document.RootElement);
        return new GgufDescription(map, gguf, spec, config with { Json = json, IgnoredKeys = gguf.Ignored })
        {
            Modules = modules,
        };
    }

    /// <summary>The config that says what the metadata say, UTF-8.</summary>
    private static ReadOnlyMemory<byte> ReadConfig(Architecture architecture, GgufMap map, GgufConfig gguf)
    {
        gguf.Copy(map.Keys);
        gguf.CopyCommon();
        map.Read(gguf);
        gguf.Complete();
        gguf.Json.TryAdd("architectures", new System.Text.Json.Nodes.JsonArray(architecture.ClassNames[0]));
        gguf.Json.Insert(0, "model_type", architecture.ModelType);
        return System.Text.Encoding.UTF8.GetBytes(gguf.Json.ToJsonString(new JsonSerializerOptions { WriteIndented = true }));
    }

    /// <summary>
    /// A count of layers that the file cannot have tensors for is refused before anything is allocated by it.
    /// </summary>
    private static void CheckBlocks(GgufCheckpoint checkpoint, ModelSpec spec)
    {
        int layers = (spec.Encoder?.Layers.Count ?? 0) + (spec.Decoder?.Layers.Count ?? 0);
        if (layers > checkpoint.Entries.Count)
        {
            throw new CheckpointMismatchException(checkpoint.Path, [],
                $"the metadata describe {layers} layers, but the file has {checkpoint.Entries.Count} tensors. "
                    + "Convert the model again.");
        }
    }
}

/// <summary>What a GGUF header describes.</summary>
/// <param name="Map">What reads it.</param>
/// <param name="Metadata">Its keys.</param>
/// <param name="Spec">The model.</param>
/// <param name="Config">Its ids and labels, and the config that says the same.</param>
internal sealed record GgufDescription(GgufMap Map, GgufConfig Metadata, ModelSpec Spec, ModelConfig Config)
{
    /// <summary>What the parts are called in checkpoints of the family.</summary>
    public NameTable Modules { get; init; } = [];
}
