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
        {
            throw config.Unsupported("rope.dimension_count", rotary,
                $"all {headDim} features of a head must turn, because q and k are stored turned");
        }
        if (rotary != headDim)
            config.Json["partial_rotary_factor"] = Part(rotary, headDim);
        config.Waive("says whether the model was tuned with the scaling that is applied", "rope.scaling.finetuned");

        // Readers take a missing type for linear, and a factor of 0 for none.
        string type = config.Text("rope.scaling.type") ?? "linear";
        double factor = config.Number("rope.scaling.factor") ?? config.Number("rope.scale_linear") ?? 1;
        config.Waive("read above, or beside the key that counts", "rope.scale_linear");
        factor = factor == 0 ? 1 : factor;
        int? trained = config.Size("rope.scaling.original_context_length");
        double? attention = config.Number("rope.scaling.attn_factor");
        bool factors = config.Has("rope_freqs.weight") || config.Has("rope_factors_long.weight");
        if (type == "none" && factor != 1)
            throw config.Unsupported("rope.scaling.factor", factor, "rope.scaling.type is \"none\"; only 0 or 1 goes with it");
        if (type is "none" or "linear" && !factors && attention is { } sharper and not (0 or 1))
        {
            throw config.Unsupported("rope.scaling.attn_factor", sharper,
                $"rope.scaling.type is \"{type}\"; only 1 goes with it");
        }
        if (type != "yarn")
            config.Waive("read for yarn alone", "rope.scaling.yarn_beta_fast", "rope.scaling.yarn_beta_slow");
        else if (config.Number("rope.scaling.yarn_ext_factor") is { } blend and not 1)
            throw config.Unsupported("rope.scaling.yarn_ext_factor", blend, "only 1 is supported for yarn");
        double multiplier = config.Number("rope.scaling.yarn_log_multiplier") ?? 0;
        if (multiplier != 0 && (type != "yarn" || attention is not (null or 1)))
        {
            throw config.Unsupported("rope.scaling.yarn_log_multiplier", multiplier,
                "only 0 is supported beside another type than yarn or an attn_factor");
        }
        JsonObject? section = type switch
        {
            "none" => null,
            "linear" => factor == 1 ? null : new JsonObject { ["type"] = "linear", ["factor"] = factor },
            "yarn" => Yarn(config, factor, trained, multiplier == 0 ? attention : null, multiplier),
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

    private static JsonObject Yarn(GgufConfig config, double factor, int? trained, double? attention, double multiplier)
    {
        var section = new JsonObject { ["type"] = "yarn", ["factor"] = factor };
        if (config.Number("rope.scaling.yarn_beta_fast") is { } fast)
            section["beta_fast"] = fast;
        if (config.Number("rope.scaling.yarn_beta_slow") is { } slow)
            section["beta_slow"] = slow;
        if (trained is { } length)
            section["original_max_position_embeddings"] = length;
        if (multiplier != 0)
            (section["mscale"], section["mscale_all_dim"]) = (1, multiplier);
        if (attention is { } own)
            section["attention_factor"] = own * (0.1 * PlainMath.Log(factor) + 1);
        return section;
    }

    /// <summary>What the waves of scaled positions are divided by, as files hold it.</summary>
    public static float[] FactorsOf(PositionSpec.Rope rope)
    {
        double[] plain = RopeFrequencies.Of(rope with { Scaling = null }, 0);
        double[] scaled = RopeFrequencies.Of(rope, 0);
        return [.. plain.Zip(scaled, (p, s) => (float)(p / s))];
    }

    /// <summary>The part of a head that turns, so that a reader who multiplies and cuts gets the very number.</summary>
    internal static double Part(int rotary, int headDim)
    {
        double part = (double)rotary / headDim;
        return (int)(headDim * part) == rotary ? part : Math.BitIncrement(part);
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
        float[]? factors = config.Header.FloatsOf(name);
        if (factors is null || factors.Length != rotary / 2)
        {
            throw new CheckpointMismatchException(config.Header.Path, [name],
                $"{name} holds {(factors is null ? "another type than F32" : $"{factors.Length} values")}; "
                + $"the factors of {rotary} features that turn are F32 [{rotary / 2}].");
        }

        return [.. factors.Select(factor =>
            float.IsFinite(factor) && factor > 0
                ? (JsonNode)factor
                : throw new CheckpointMismatchException(config.Header.Path, [name],
                    $"{name} holds the factor {factor}; positive numbers are needed."))];
    }
}
