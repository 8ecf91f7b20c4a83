namespace Seriatim.Models;

/// <summary>
/// For those who can say a thing only once for all layers of a stack (file formats, reports): the layers are asked, and must
/// agree.
/// </summary>
public static class LayerAgreement
{
    /// <summary>What all layers have in common.</summary>
    /// <param name="stack">The stack.</param>
    /// <param name="what">What that is called, for the message.</param>
    /// <param name="of">What a layer has.</param>
    /// <exception cref="NotSupportedException">Two layers differ; the message names both, and the stack has none.</exception>
    public static T Agreed<T>(this StackSpec stack, string what, Func<LayerSpec, T> of)
    {
        if (stack.Layers.Count == 0)
            throw new NotSupportedException($"The stack has no layers, so there is no {what}.");
        T first = of(stack.Layers[0]);
        for (int layer = 1; layer < stack.Layers.Count; layer++)
        {
            T other = of(stack.Layers[layer]);
            if (!EqualityComparer<T>.Default.Equals(first, other))
                throw new NotSupportedException(
                    $"Layer 0 has {what} {first}, layer {layer} has {other}; all layers must agree here.");
        }

        return first;
    }

    /// <summary>What the attention of all layers has in common.</summary>
    /// <param name="stack">The stack.</param>
    /// <param name="what">What that is called, for the message.</param>
    /// <param name="of">What attention has.</param>
    /// <exception cref="NotSupportedException">A layer has no attention, or two differ.</exception>
    public static T AgreedAttention<T>(this StackSpec stack, string what, Func<MixerSpec.Attention, T> of) =>
        stack.Agreed(what, layer => layer.Mixer.Parts.OfType<MixerSpec.Attention>().FirstOrDefault() is { } attention
            ? of(attention)
            : throw new NotSupportedException(
                $"A layer is a {layer.Mixer.GetType().Name}, which has no {what}; attention in all layers is needed here."));

    /// <summary>The attention of all layers but for its window, which layers may have or not.</summary>
    /// <param name="stack">The stack.</param>
    /// <exception cref="NotSupportedException">A layer has no attention, or two differ.</exception>
    public static MixerSpec.Attention AgreedAttention(this StackSpec stack) =>
        stack.AgreedAttention("attention", attention => attention with { Window = 0 });

    /// <summary>The feed-forward layer of all layers.</summary>
    /// <param name="stack">The stack.</param>
    /// <exception cref="NotSupportedException">A layer has none, or another kind of one, or two differ.</exception>
    public static T AgreedFeedForward<T>(this StackSpec stack)
        where T : FeedForwardSpec => stack.Agreed("feed-forward layer", layer => layer.FeedForward as T
            ?? throw new NotSupportedException(
                $"A layer has {layer.FeedForward?.GetType().Name ?? "nothing"} as its feed-forward layer; " +
                $"{typeof(T).Name} in all layers is needed here."));

    /// <summary>The attention layers of a stack, with their numbers.</summary>
    public static IEnumerable<(int Layer, MixerSpec.Attention Attention)> AttentionLayers(this StackSpec stack)
    {
        for (int layer = 0; layer < stack.Layers.Count; layer++)
        {
            foreach (MixerSpec.Attention attention in stack.Layers[layer].Mixer.Parts.OfType<MixerSpec.Attention>())
                yield return (layer, attention);
        }
    }
}
