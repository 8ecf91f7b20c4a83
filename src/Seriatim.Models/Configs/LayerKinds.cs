namespace Seriatim.Models;

/// <summary>
/// The kinds of layers that <c>layer_types</c> names: read where they shape a model, and held against what the family makes of
/// its
/// other keys.
/// </summary>
internal static class LayerKinds
{
    /// <summary>Attention to all keys that are visible.</summary>
    public const string Full = "full_attention";

    /// <summary>Attention within a window.</summary>
    public const string Sliding = "sliding_attention";

    /// <summary>Attention within chunks.</summary>
    public const string Chunked = "chunked_attention";

    private static readonly string[] All =
        [Full, Sliding, Chunked, "attention", "linear_attention", "conv", "mamba", "recurrent"];

    /// <summary>The kinds that are built.</summary>
    public static string Known => $"{string.Join(", ", All[..^1])} or {All[^1]}";

    /// <summary>Whether it is one of them.</summary>
    public static bool IsKnown(string kind) => All.Contains(kind);

    /// <summary>The kinds of a stack that <c>layer_types</c> decides; null: the config has no such list.</summary>
    /// <param name="config">The config.</param>
    /// <param name="layers">Number of layers.</param>
    /// <param name="allowed">Those that the family has.</param>
    /// <exception cref="UnsupportedConfigException">A kind is another one, or the list is as long as no stack.</exception>
    public static string[]? Read(ConfigReader config, int layers, params ReadOnlySpan<string> allowed)
    {
        string[] kinds = config.Texts("layer_types");
        if (kinds.Length == 0)
            return null;
        if (kinds.Length != layers)
            throw config.Unsupported("layer_types", $"{kinds.Length} kinds", $"{layers}, one for each layer, are needed");
        for (int i = 0; i < kinds.Length; i++)
        {
            if (!allowed.Contains(kinds[i]))
            {
                throw config.Unsupported($"layer_types[{i}]", kinds[i],
                    $"{string.Join(" or ", allowed.ToArray())} is needed");
            }
        }

        return kinds;
    }

    /// <summary>
    /// The kinds of a stack by <c>layer_types</c>, or by a number n: of every n layers the last is of the second kind.
    /// </summary>
    /// <param name="config">The config.</param>
    /// <param name="layers">Number of layers.</param>
    /// <param name="usual">The kind of most layers.</param>
    /// <param name="every">The kind of layers <c>n - 1, 2n - 1, ...</c>.</param>
    /// <param name="fallback">n, if the config does not say.</param>
    /// <param name="key">
    /// The key of n. With an underscore before it, it is what the reference library has left of it beside the list, and it is not
    /// kept up to date: then the list alone counts.
    /// </param>
    /// <exception cref="UnsupportedConfigException">The list and the number contradict each other.</exception>
    public static string[] ReadEvery(ConfigReader config, int layers, string usual, string every, int fallback, string key)
    {
        string[]? listed = Read(config, layers, usual, every);
        int? period = listed is null ? config.SizeOrNull(key, $"_{key}") : config.SizeOrNull(key);
        config.Waive("the list of layers counts", $"_{key}");
        for (int i = 0; i < listed?.Length && period is { } n; i++)
        {
            string by = (i + 1) % n == 0 ? every : usual;
            if (listed[i] != by)
            {
                throw config.Unsupported($"layer_types[{i}]", listed[i],
                    $"{key} {n} makes layer {i} {by}; they must agree");
            }
        }

        return listed ?? [.. Enumerable.Range(1, layers).Select(i => i % (period ?? fallback) == 0 ? every : usual)];
    }

    /// <summary>Refuses a config whose list says something else of a layer than the model that is built.</summary>
    /// <exception cref="UnsupportedConfigException">
    /// A kind is not known, the list is as long as no stack, or a layer is of another kind.
    /// </exception>
    public static void Check(ConfigReader config, ModelSpec spec)
    {
        string[] kinds = config.Texts("layer_types");
        if (kinds.Length == 0)
            return;
        IReadOnlyList<LayerSpec> layers = spec.Last.Layers;
        if (kinds.Length != layers.Count)
            throw config.Unsupported("layer_types", $"{kinds.Length} kinds", $"{layers.Count}, one for each layer, are needed");
        for (int i = 0; i < kinds.Length; i++)
        {
            if (!IsKnown(kinds[i]))
                throw config.Unsupported($"layer_types[{i}]", kinds[i], $"{Known} is needed");
            if (layers[i].Mixer.LayerTypes is not [var type, ..] types)
            {
                throw config.Unsupported($"layer_types[{i}]", kinds[i],
                    $"layer {i} of this {spec.Family} model is a {layers[i].Mixer.GetType().Name} by its other keys; " +
                    "they must agree");
            }

            // A window as wide as the context hides nothing: such a layer is of both kinds.
            int sight = layers[i].Mixer is MixerSpec.Attention attention ? attention.Sight : 0;
            if (!types.Contains(kinds[i]) && !(kinds[i] == Full && sight >= spec.Context))
            {
                throw config.Unsupported($"layer_types[{i}]", kinds[i],
                    $"layer {i} of this {spec.Family} model is {(sight > 0 ? $"{type} with a window of {sight}" : type)} by "
                        + "its other keys; they must agree");
            }
        }
    }
}
