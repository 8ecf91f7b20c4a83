using System.Text.Json.Nodes;

namespace Seriatim.Models;

/// <summary>Rotary positions in GGUF files: scaling keys and the tensors that hold one factor a wave.</summary>
internal static class GgufRope
{
    /// <summary>Reads <c>rope.*</c> into <c>rope_scaling</c>.</summary>
    /// <param name="config">The file.</param>
    /// <param name="headDim">Features of a head; those that turn must be all of them unless <paramref name="partial"/>.</param>
    /// <param name="partial">Whether a part of a head may turn.</param>
    public static void Read(GgufConfig config, int headDim, bool partial = false)
    {
        int rotary = config.Size("rope.dimension_count") ?? headDim;
        if (rotary != headDim && !partial)
            throw config.Unsupported("rope.dimension_count", rotary, $"all {headDim} features of a head must turn, because q and k are stored turned");
        if (rotary != headDim)
            config.Json["partial_rotary_factor"] = (double)rotary / headDim;
        config.Waive("says whether the model was tuned with the scaling that is applied", "rope.scaling.finetuned");
        string type = config.Text("rope.scaling.type") ?? (config.Number("rope.scale_linear") is null ? "none" : "linear");
        double factor = config.Number("rope.scaling.factor") ?? config.Number("rope.scale_linear") ?? 1;
        int? trained = config.Size("rope.scaling.original_context_length");
        double? attention = config.Number("rope.scaling.attn_factor");
        if (config.Number("rope.scaling.yarn_log_multiplier") is { } multiplier and not 0)
            throw config.Unsupported("rope.scaling.yarn_log_multiplier", multiplier, "only 0 is supported");
        JsonObject? section = type switch
        {
            "none" => null,
            "linear" => factor == 1 ? null : new JsonObject { ["type"] = "linear", ["factor"] = factor },
            "yarn" => Yarn(config, factor, trained, attention),
            "longrope" => [],
            _ => throw config.Unsupported("rope.scaling.type", type, "none, linear, yarn or longrope is needed"),
        };
        if (Factors(config, rotary) is var (shorter, longer))
        {
            if (section is { Count: > 0 })
                throw config.Unsupported("rope.scaling.type", type, "a file with factors for each wave has no other scaling");
            section = new JsonObject
            {
                ["type"] = "longrope",
                ["short_factor"] = shorter,
                ["long_factor"] = longer,
                ["original_max_position_embeddings"] = trained ?? config.Required("context_length"),
                ["attention_factor"] = attention ?? 1,
            };
        }

        if (section is not null)
            config.Json["rope_scaling"] = section;
    }

    private static JsonObject Yarn(GgufConfig config, double factor, int? trained, double? attention)
    {
        var section = new JsonObject { ["type"] = "yarn", ["factor"] = factor };
        if (config.Number("rope.scaling.yarn_beta_fast") is { } fast)
            section["beta_fast"] = fast;
        if (config.Number("rope.scaling.yarn_beta_slow") is { } slow)
            section["beta_slow"] = slow;
        if (trained is { } length)
            section["original_max_position_embeddings"] = length;
        if (attention is { } own)
            section["attention_factor"] = own * (0.1 * Math.Log(factor) + 1);
        return section;
    }

    /// <summary>The factors of Llama 3 (one set) or of LongRoPE (two).</summary>
    private static (JsonArray Short, JsonArray Long)? Factors(GgufConfig config, int rotary)
    {
        if (config.Has("rope_freqs.weight"))
            return (Read(config, "rope_freqs.weight", rotary), Read(config, "rope_freqs.weight", rotary));
        return config.Has("rope_factors_short.weight") && config.Has("rope_factors_long.weight")
            ? (Read(config, "rope_factors_short.weight", rotary), Read(config, "rope_factors_long.weight", rotary))
            : null;
    }

    private static JsonArray Read(GgufConfig config, string name, int rotary)
    {
        GgufEntry entry = config.Checkpoint[name];
        if (entry.Type != GgmlType.F32 || entry.ElementCount != rotary / 2)
        {
            throw new CheckpointMismatchException(entry.File.Path, [name],
                $"{entry} holds the factors of rotary waves; {rotary} features that turn need F32 [{rotary / 2}].");
        }

        return [.. System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(config.Checkpoint.Bytes(entry)).ToArray().Select(factor =>
            float.IsFinite(factor) && factor > 0
                ? (JsonNode)factor
                : throw new CheckpointMismatchException(entry.File.Path, [name], $"{name} holds the factor {factor}; positive numbers are needed."))];
    }
}
