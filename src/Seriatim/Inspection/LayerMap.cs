using Seriatim.Models;

namespace Seriatim.Inspection;

/// <summary>A layer.</summary>
public sealed record LayerMap
{
    internal LayerMap(
        int index, string mixer, int heads, int keyHeads, int headDim, int crossHeads, int experts, bool hasState) =>
        (Index, Mixer, Heads, KeyHeads, HeadDim, CrossHeads, Experts, HasState) =
        (index, mixer, heads, keyHeads, headDim, crossHeads, experts, hasState);

    /// <summary>Its number.</summary>
    public int Index { get; }

    /// <summary>What mixes rows, in words.</summary>
    public string Mixer { get; }

    /// <summary>Query heads whose attention can be seen; 0: it is a recurrence.</summary>
    public int Heads { get; }

    /// <summary>Key/value heads.</summary>
    public int KeyHeads { get; }

    /// <summary>Features of a head; 0: there are none.</summary>
    public int HeadDim { get; }

    /// <summary>Heads of attention to the encoder's output; 0: there is none.</summary>
    public int CrossHeads { get; }

    /// <summary>Experts of the feed-forward layer; 0: it is one layer, or there is none.</summary>
    public int Experts { get; }

    /// <summary>Whether it remembers a state in place of keys and values.</summary>
    public bool HasState { get; }

    internal static LayerMap Of(int index, LayerSpec spec)
    {
        (int heads, int keyHeads, int headDim) = HeadsOf(spec.Mixer);
        int experts = spec.FeedForward is FeedForwardSpec.Experts routed ? routed.Count : 0;
        bool hasState = heads == 0 || spec.Mixer is MixerSpec.Both;
        return new LayerMap(index, spec.Mixer.InWords, heads, keyHeads, headDim, spec.Cross?.Heads ?? 0, experts, hasState);
    }

    private static (int Heads, int KeyHeads, int HeadDim) HeadsOf(MixerSpec mixer)
    {
        return mixer switch
        {
            MixerSpec.Attention one => (one.Heads, one.KeyValueHeads, one.HeadDim),
            MixerSpec.Latent one => (one.Heads, 1, one.Rank + one.TurnDim),
            MixerSpec.LocalGlobal one => (one.Heads, one.Heads, one.HeadDim),
            MixerSpec.BlockSparse one => (one.Heads, one.Heads, one.HeadDim),
            MixerSpec.HashedAttention one => (one.Heads, one.Heads, one.HeadDim),
            MixerSpec.LowRank one => (one.Heads, one.OneKeyHead ? 1 : one.Heads, one.HeadDim),
            MixerSpec.Both both when HeadsOf(both.First) is { Heads: > 0 } first => first,
            MixerSpec.Both both => HeadsOf(both.Second),
            _ => (0, 0, 0),
        };
    }
}
