namespace Seriatim.Lab;

/// <summary>Formulas about keys and values hold for layers that keep all of them.</summary>
internal static class FullAttention
{
    /// <summary>The attention of every layer.</summary>
    /// <exception cref="LabSkipException">A layer is another one, or keeps a window alone.</exception>
    public static IReadOnlyList<MixerSpec.Attention> LayersOf(ModelSpec spec)
    {
        if (spec.Last.Layers.FirstOrDefault(layer => layer.Mixer is not MixerSpec.Attention { Sight: 0 }) is { } other)
        {
            throw new LabSkipException(new(
                $"The formula is for layers that keep all keys and values; this {spec.Family} model has {other.Mixer.InWords}.",
                $"公式针对保存全部键和值的层;此 {spec.Family} 模型含有 {other.Mixer.InWords}。"));
        }

        return [.. spec.Last.Layers.Select(layer => (MixerSpec.Attention)layer.Mixer)];
    }
}
