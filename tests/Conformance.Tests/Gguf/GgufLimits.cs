using System.Text.Json;

namespace Seriatim.Conformance.Tests;

/// <summary>What a GGUF file can hold of a model, by what the model's config says; so a case may lie in a folder of any name.</summary>
internal static class GgufLimits
{
    /// <summary>Families whose architecture, in the files of this version, has no name or no place for a bias or a head.</summary>
    private static readonly HashSet<string> WithoutName = ["bart", "linformer", "marian", "opt", "reformer"];

    /// <summary>Why a file cannot hold the model; null if it can.</summary>
    public static string? Refuses(JsonElement config)
    {
        string type = config.GetProperty("model_type").GetString()!;
        if (WithoutName.Contains(type))
            return $"no architecture for {type}";
        if (config.TryGetProperty("architectures", out JsonElement classes)
            && classes.EnumerateArray().Any(c => c.GetString()!.EndsWith("ForMaskedLM", StringComparison.Ordinal)))
            return "no tensors for the head of a masked language model";
        if (ScalingOf(config) == "dynamic")
            return "no key for a base by the length of the sequence";
        if (type is "llama" or "mistral" && Number(config, "sliding_window") is > 0)
            return "no key for a window of every layer";
        if (Number(config, "query_pre_attn_scalar") is { } scalar && scalar != Number(config, "head_dim"))
            return "no key for query_pre_attn_scalar; readers take head_dim";
        if (Number(config, "relative_attention_max_distance") is { } distance && distance != 128)
            return "no key for relative_attention_max_distance; readers take 128";
        return null;
    }

    /// <summary>Whether angles go through F32 factors in the file, and so come back rounded.</summary>
    public static bool Rounds(JsonElement config) => ScalingOf(config) is "llama3" or "longrope";

    private static string? ScalingOf(JsonElement config)
    {
        if (!config.TryGetProperty("rope_scaling", out JsonElement scaling) || scaling.ValueKind != JsonValueKind.Object)
            return null;
        return scaling.TryGetProperty("rope_type", out JsonElement type) || scaling.TryGetProperty("type", out type) ? type.GetString() : null;
    }

    private static double? Number(JsonElement config, string name) =>
        config.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;
}
