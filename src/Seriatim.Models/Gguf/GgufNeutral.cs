using System.Globalization;

namespace Seriatim.Models;

/// <summary>
/// Keys of an architecture that say nothing at one value, which is what converters write for "not at all". A map that reads such
/// a key itself decides alone; at any other value the key is refused.
/// </summary>
/// <param name="Name">The key without its prefix.</param>
/// <param name="Needed">The value in words.</param>
/// <param name="Holds">Whether a value is that one.</param>
internal sealed record GgufNeutral(string Name, string Needed,
    Func<object, IReadOnlyDictionary<string, object>, string, bool> Holds)
{
    private static readonly Dictionary<string, GgufNeutral> All = new[]
    {
        Flag("attention.causal", true), Flag("use_parallel_residual", false), Flag("expert_weights_norm", false),
        // the order of rows that llama files have anyway
        Flag("swin_norm", false), Text("tensor_data_layout", "Meta AI original pth"),
        Text("rope.scaling.type", "none"),
        Number("pooling_type", 0), Number("attention.clamp_kqv", 0), Number("attention.max_alibi_bias", 0),
        Number("attention.temperature_scale", 0), Number("attn_logit_softcapping", 0), Number("final_logit_softcapping", 0),
        Number("router_logit_softcapping", 0), Number("logit_scale", 0, 1), Number("residual_scale", 0, 1),
        Number("embedding_scale", 0, 1), Number("expert_count", 0), Number("expert_used_count", 0),
        Number("expert_shared_count", 0), Number("expert_feed_forward_length", 0),
        Number("expert_shared_feed_forward_length", 0), Number("expert_weights_scale", 0, 1), Number("expert_gating_func", 0, 1),
        Number("expert_group_count", 0), Number("expert_group_used_count", 0), Number("leading_dense_block_count", 0),
        Number("nextn_predict_layers", 0), Number("moe_every_n_layers", 0), Number("interleave_moe_layer_step", 0),
        Number("rope.scaling.factor", 0, 1), Number("rope.scale_linear", 0, 1), Number("rope.scaling.attn_factor", 0, 1),
        Number("rope.scaling.yarn_log_multiplier", 0), Number("rope.scaling.yarn_ext_factor", 0),
        Number("rope.scaling.yarn_attn_factor", 0, 1), Number("rope.dimension_sections", 0),
        new GgufNeutral("attention.sliding_window", "0 or at least the context length", IsNoWindow),
        new GgufNeutral("attention.scale", "0 or 1 / sqrt(key length)", IsUsualScale),
    }.ToDictionary(row => row.Name);

    /// <summary>The row of a key; null: it has none.</summary>
    /// <param name="name">The key without its prefix.</param>
    public static GgufNeutral? Find(string name) => All.GetValueOrDefault(name);

    private static GgufNeutral Flag(string name, bool needed) =>
        new(name, needed ? "true" : "false", (value, _, _) => value is bool flag && flag == needed);

    private static GgufNeutral Text(string name, string needed) =>
        new(name, $"\"{needed}\"", (value, _, _) => value is string text && text == needed);

    private static GgufNeutral Number(string name, params double[] needed) =>
        new(name, string.Join(" or ", needed),
            (value, _, _) => Values(value) is { Length: > 0 } numbers && Array.TrueForAll(numbers, needed.Contains));

    private static bool IsNoWindow(object value, IReadOnlyDictionary<string, object> metadata, string architecture)
    {
        double context = One(metadata, $"{architecture}.context_length") ?? double.PositiveInfinity;
        return Values(value) is { Length: > 0 } numbers && Array.TrueForAll(numbers, n => n == 0 || n >= context);
    }

    private static bool IsUsualScale(object value, IReadOnlyDictionary<string, object> metadata, string architecture)
    {
        double? length = One(metadata, $"{architecture}.attention.key_length")
            ?? One(metadata, $"{architecture}.embedding_length") / One(metadata, $"{architecture}.attention.head_count");
        return Values(value) is [var scale]
            && (scale == 0 || length is { } known && (float)scale == (float)(1 / Math.Sqrt(known)));
    }

    private static double? One(IReadOnlyDictionary<string, object> metadata, string key) =>
        metadata.TryGetValue(key, out object? value) && Values(value) is [var number, ..] ? number : null;

    /// <summary>A number, or the numbers of an array (one for each layer); null: anything else.</summary>
    private static double[]? Values(object value) => value switch
    {
        byte or sbyte or short or ushort or int or uint or long or ulong or float or double =>
            [Convert.ToDouble(value, CultureInfo.InvariantCulture)],
        string[] or bool[] or Array[] => null,
        Array array => [.. array.Cast<object>().Select(item => Convert.ToDouble(item, CultureInfo.InvariantCulture))],
        _ => null,
    };
}
