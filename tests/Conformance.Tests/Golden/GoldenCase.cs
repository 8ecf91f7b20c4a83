using System.Text.Json;

namespace Seriatim.Conformance.Tests;

/// <summary>One folder of golden data with a model.</summary>
/// <param name="Name">Name of the folder, with a prefix for roots other than ../shared/golden.</param>
/// <param name="Folder">Its path.</param>
/// <param name="Tolerance">Absolute tolerance of logits from the README of its root; the smallest one used there if it has no
/// entry.</param>
internal sealed record GoldenCase(string Name, string Folder, float Tolerance)
{
    public string File(string name) => Path.Combine(Folder, name);

    /// <summary>
    /// Files of a case: the model, and what a reference made of it. A folder with one of them must have the others.
    /// </summary>
    public static IReadOnlyList<string> Parts { get; } = ["config.json", "expected.safetensors", "model.safetensors"];

    /// <summary>Whether the folder is a case at all.</summary>
    public bool IsModel => Parts.Any(Has);

    public bool Has(string name) => System.IO.File.Exists(File(name));

    public GoldenTensors Expected() => new(File("expected.safetensors"));

    public JsonDocument Json(string name) => LenientJson.Parse(File(name));

    /// <summary>Loads the model.</summary>
    /// <param name="storage">
    /// How matrices are kept; null: as stored, but opened if the checkpoint has them in blocks: references open them too, and
    /// products of blocks round activations to 8 bits.
    /// </param>
    /// <param name="device">Whose memory they are in.</param>
    public Model Load(WeightStorage? storage = null, Device? device = null) =>
        Model.Load(Folder, new ModelLoadOptions
        {
            Storage = storage ?? (IsCoded ? WeightStorage.F32 : WeightStorage.AsStored),
            Device = device ?? Device.Cpu,
            HashRotations = Rotations(),
        });

    /// <summary>Whether the checkpoint has matrices in other tensors than themselves.</summary>
    public bool IsCoded
    {
        get
        {
            using JsonDocument json = Json("config.json");
            return json.RootElement.TryGetProperty("quantization_config", out _);
        }
    }

    /// <summary>The rotations of hashed attention, which the files of a model do not hold; null: it has none.</summary>
    public HashRotations? Rotations()
    {
        using GoldenTensors expected = Expected();
        if (!expected.Has("lsh_rotations"))
            return null;
        int[] shape = [.. expected.Shape("lsh_rotations").Select(size => (int)size)];
        return new HashRotations(shape[0], shape[1], shape[2], shape[3], expected.Floats("lsh_rotations"));
    }

    /// <summary>
    /// The model for rows that the reference filled up to one length: rows of hashed attention know how long that is. A model
    /// without is the same.
    /// </summary>
    public Model LoadFilled(int length, Device device)
    {
        using JsonDocument json = Json("config.json");
        (ModelSpec spec, NameTable names, ModelConfig config) = Model.ReadConfig(Name, json.RootElement);
        StackSpec stack = spec.Last;
        if (!stack.Layers.Any(layer => layer.Mixer is MixerSpec.HashedAttention))
            return Load(device: device);
        stack = stack with
        {
            Layers = [.. stack.Layers.Select(layer => layer.Mixer is MixerSpec.HashedAttention hashed
                ? layer with { Mixer = hashed with { FillMultiple = length, Rotations = Rotations() } }
                : layer)],
        };
        using SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(Folder);
        return Model.Build(spec with { Decoder = stack }, names, config,
            new CheckpointSource(checkpoint, WeightStorage.AsStored, names), device);
    }

    /// <summary>Why the case cannot be tested; null if it can.</summary>
    public string? SkipReason()
    {
        using JsonDocument json = Json("config.json");
        try
        {
            ArchitectureRegistry.Find(new ConfigReader(File("config.json"), json.RootElement));
            return null;
        }
        catch (UnknownArchitectureException)
        {
            string type = json.RootElement.TryGetProperty("model_type", out JsonElement value)
                ? value.GetString()!
                : "without a model_type";
            return $"{Name}: the family '{type}' is not built yet";
        }
    }
}
