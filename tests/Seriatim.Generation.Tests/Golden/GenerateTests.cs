using System.Text.Json;
using Seriatim.Formats;

namespace Seriatim.Generation.Tests;

/// <summary>
/// Greedy, penalty and beam results of every golden case that has them and whose family is built, through the engine.
/// </summary>
public sealed class GenerateTests
{
    public static TheoryData<string> Cases()
    {
        var data = new TheoryData<string>();
        if (Shared.Folder is null)
        {
            data.Add("missing");
            return data;
        }

        foreach (string folder in Directory.EnumerateDirectories(Shared.Path("golden")).Order(StringComparer.Ordinal))
        {
            if (File.Exists(Path.Combine(folder, "generate.json")) && IsBuilt(folder))
                data.Add(Path.GetFileName(folder));
        }

        return data;
    }

    /// <summary>References open the blocks of such checkpoints; products of blocks round activations to 8 bits.</summary>
    private static bool IsCoded(string name)
    {
        using JsonDocument config = LenientJson.Parse(Shared.Path("golden", name, "config.json"));
        return config.RootElement.TryGetProperty("quantization_config", out _);
    }

    [SharedTheory]
    [MemberData(nameof(Cases))]
    public void EngineEqualsTheReference(string name)
    {
        using Model model = Model.Load(Shared.Path("golden", name), new ModelLoadOptions
        {
            HashRotations = Rotations(name),
            Storage = IsCoded(name) ? WeightStorage.F32 : WeightStorage.AsStored,
        });
        using var core = new EngineCore(
            new LoadedModel(model, CpuOps.Create(1)),
            new EngineOptions { Pages = 400, PageSize = 8, TokenBudget = 64, MaxSequences = 40 });
        using JsonDocument json = LenientJson.Parse(Shared.Path("golden", name, "generate.json"));
        var checks = new List<Action>();
        long number = 0;
        foreach (JsonElement prompt in json.RootElement.GetProperty("prompts").EnumerateArray())
        {
            foreach ((GenerationRequest request, JsonElement run, string what) in GoldenRuns.Of(name, json.RootElement, prompt))
            {
                GenerationHandle handle = core.Add(request, ++number);
                checks.Add(() => GoldenRuns.Check(handle.Result(), run, $"{name}: {what}"));
            }
        }

        core.Drain();
        Assert.True(checks.Count > 0 || name == "llama-rope-dynamic", $"{name} has no runs");
        foreach (Action check in checks)
            check();
    }

    /// <summary>Directions of hashed attention, which the files of a model do not hold.</summary>
    private static HashRotations? Rotations(string name)
    {
        using SafetensorsFile file = SafetensorsFile.Open(Shared.Path("golden", name, "expected.safetensors"));
        if (!file.TryGet("lsh_rotations", out SafetensorsEntry? entry))
            return null;
        int[] shape = [.. entry.Shape.Select(size => (int)size)];
        return new HashRotations(shape[0], shape[1], shape[2], shape[3], file.ReadF32(entry));
    }

    /// <summary>Whether the family is known. Conformance.Tests report those that are not as skipped, by name.</summary>
    private static bool IsBuilt(string folder)
    {
        try
        {
            using Model model = Model.Create(folder, File.ReadAllBytes(Path.Combine(folder, "config.json")), new RandomSource(1));
            return model.Spec.MaskPredict is null; // its runs are others: MaskPredictGoldenTests
        }
        catch (UnknownArchitectureException)
        {
            return false;
        }
    }
}
