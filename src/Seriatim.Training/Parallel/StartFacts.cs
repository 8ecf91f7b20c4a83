using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;

namespace Seriatim.Training;

/// <summary>
/// All that ranks must have in common: what the bits depend on, what they do together and when, and the program itself.
/// </summary>
internal static class StartFacts
{
    public static SortedDictionary<string, string> Of(TrainingRecipe recipe, IReadOnlyDictionary<string, string> settings,
        Model model, string? checkpoint)
    {
        var facts = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["(program)"] = string.Join(' ', new[] { typeof(Trainer), typeof(Model), typeof(Tensor) }
                .Select(type => type.Assembly.ManifestModule.ModuleVersionId.ToString("N")[..12])),
            ["(checkpoint)"] = checkpoint is null ? "" : Path.GetFileName(checkpoint),
            ["(weights)"] = HashOf(model),
        };
        using JsonDocument json = JsonDocument.Parse(recipe.Json);
        foreach (JsonProperty key in json.RootElement.EnumerateObject())
            facts[key.Name] = key.Value.GetRawText();
        // Defaults filled in, files by their contents: they say more than the recipe's words.
        foreach ((string key, string value) in settings)
            facts[key] = value;
        return facts;
    }

    /// <summary>SHA-256 of all weights, as the first 16 hexadecimal digits.</summary>
    public static string HashOf(Model model)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (Tensor values in model.Parameters.Select(p => p.Parameter.Master).Where(t => t.Type == DataType.F32))
            hash.AppendData(MemoryMarshal.AsBytes(values.Read().Values));
        return Convert.ToHexStringLower(hash.GetHashAndReset())[..16];
    }
}
