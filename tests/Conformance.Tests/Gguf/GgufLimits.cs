using System.Text.Json;

namespace Seriatim.Conformance.Tests;

/// <summary>
/// What a GGUF file can hold of a model, by what the model's config says; so a case may lie in a folder of any name.
/// </summary>
internal static class GgufLimits
{
    /// <summary>
    /// Families whose architecture, in the files of this version, has no name or no place for a bias or a head.
    /// </summary>
    private static readonly HashSet<string> WithoutName =
    [
        "bart", "batchnorm_encoder", "cmlm_transformer", "gru", "linformer", "lstm", "marian", "mask_predict", "opt",
        "reformer", "retnet",
    ];

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
        if (ScalingOf(config, "truncate") is false)
            return "no key for a ramp of YaRN that does not begin at whole waves; readers begin at whole ones";
        if (type == "llama4_text" && Number(config, "attention_chunk_size") != 8192)
            return "no key for chunks; readers take 8192";
        if (type == "falcon_h1" && (Number(config, "embedding_multiplier") ?? 1) != 1)
            return "factors are folded into the weights of files";
        if (type is "llama" or "mistral" && Number(config, "sliding_window") is > 0)
            return "no key for a window of every layer";
        if (Number(config, "query_pre_attn_scalar") is { } scalar && scalar != Number(config, "head_dim"))
            return "no key for query_pre_attn_scalar; readers take head_dim";
        if (Number(config, "relative_attention_max_distance") is { } distance && distance != 128)
            return "no key for relative_attention_max_distance; readers take 128";
        return OfStateSpaces(config, type);
    }

    /// <summary>What readers of Mamba layers take as given.</summary>
    private static string? OfStateSpaces(JsonElement config, string type)
    {
        if (type is not ("mamba" or "falcon_mamba" or "jamba"))
            return null;
        double width = Number(config, "hidden_size") ?? 0;
        double inner = Number(config, "intermediate_size") is { } own && type != "jamba" ? own
            : width * (Number(config, type == "jamba" ? "mamba_expand" : "expand") ?? 2);
        if (inner != 2 * width)
            return "readers take an inner size of twice the width";
        if (Flag(config, "use_bias") is true || Flag(config, "mamba_proj_bias") is true)
            return "no bias of the layers in and out";
        if (Flag(config, "use_conv_bias") is false || Flag(config, "mamba_conv_bias") is false)
            return "readers need the bias of the convolution";
        (double inside, double outside) = (Number(config, "mixer_rms_eps") ?? 1e-6, Number(config, "layer_norm_epsilon") ?? 1e-5);
        return type == "falcon_mamba" && inside != outside ? "one epsilon for all norms" : null;
    }

    private static bool? Flag(JsonElement config, string name) =>
        config.TryGetProperty(name, out JsonElement value) && value.ValueKind is JsonValueKind.True or JsonValueKind.False
            ? value.GetBoolean()
            : null;

    /// <summary>Whether angles go through F32 factors in the file, and so come back rounded.</summary>
    public static bool Rounds(JsonElement config) => ScalingOf(config) is "llama3" or "longrope";

    private static string? ScalingOf(JsonElement config)
    {
        if (!config.TryGetProperty("rope_scaling", out JsonElement scaling) || scaling.ValueKind != JsonValueKind.Object)
            return null;
        return scaling.TryGetProperty("rope_type", out JsonElement type) || scaling.TryGetProperty("type", out type)
            ? type.GetString()
            : null;
    }

    private static bool? ScalingOf(JsonElement config, string flag) =>
        config.TryGetProperty("rope_scaling", out JsonElement scaling) && scaling.ValueKind == JsonValueKind.Object
            ? Flag(scaling, flag)
            : null;

    private static double? Number(JsonElement config, string name) =>
        config.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;
}
