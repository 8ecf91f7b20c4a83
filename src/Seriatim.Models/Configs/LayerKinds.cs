namespace Seriatim.Models;

/// <summary>The kinds of layers that <c>layer_types</c> names, held against what the family makes of its other keys.</summary>
internal static class LayerKinds
{
    private const string Full = "full_attention";
    private const string Sliding = "sliding_attention";

    /// <summary>The kinds that are built.</summary>
    public static string Known => $"{Full} or {Sliding}";

    /// <summary>Whether it is one of them.</summary>
    public static bool IsKnown(string kind) => kind is Full or Sliding;

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
            if (layers[i].Mixer is not MixerSpec.Attention attention)
                throw config.Unsupported($"layer_types[{i}]", kinds[i],
                    $"layer {i} of this {spec.Family} model is a {layers[i].Mixer.GetType().Name} by its other keys; " +
                    "they must agree");
            int window = attention.Window;

            // A window as wide as the context hides nothing: such a layer is of both kinds.
            bool agrees = kinds[i] == Sliding ? window > 0 : window == 0 || window >= spec.Context;
            if (!agrees)
            {
                throw config.Unsupported($"layer_types[{i}]", kinds[i],
                    $"layer {i} of this {spec.Family} model is {(window > 0 ? $"{Sliding} with a window of {window}" : Full)} by "
                        + "its other keys; they must agree");
            }
        }
    }
}
