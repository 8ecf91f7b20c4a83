using Seriatim.Models;

namespace Seriatim.Inspection;

/// <summary>A layer.</summary>
/// <param name="Index">Its number.</param>
/// <param name="Mixer">What mixes rows, in words.</param>
/// <param name="Heads">Query heads whose attention can be seen; 0: it is a recurrence.</param>
/// <param name="KeyHeads">Key/value heads.</param>
/// <param name="HeadDim">Features of a head; 0: there are none.</param>
/// <param name="CrossHeads">Heads of attention to the encoder's output; 0: there is none.</param>
/// <param name="Experts">Experts of the feed-forward layer; 0: it is one layer, or there is none.</param>
/// <param name="HasState">Whether it remembers a state in place of keys and values.</param>
public sealed record LayerMap(
    int Index, string Mixer, int Heads, int KeyHeads, int HeadDim, int CrossHeads, int Experts, bool HasState)
{
    internal static LayerMap Of(int index, LayerSpec spec)
    {
        (int heads, int keyHeads, int headDim) = spec.Mixer switch
        {
            MixerSpec.Attention one => (one.Heads, one.KeyValueHeads, one.HeadDim),
            MixerSpec.LocalGlobal one => (one.Heads, one.Heads, one.HeadDim),
            MixerSpec.BlockSparse one => (one.Heads, one.Heads, one.HeadDim),
            MixerSpec.HashedAttention one => (one.Heads, one.Heads, one.HeadDim),
            MixerSpec.LowRank one => (one.Heads, one.OneKeyHead ? 1 : one.Heads, one.HeadDim),
            _ => (0, 0, 0),
        };
        int experts = spec.FeedForward is FeedForwardSpec.Experts routed ? routed.Count : 0;
        return new LayerMap(index, spec.Mixer.InWords, heads, keyHeads, headDim, spec.Cross?.Heads ?? 0, experts, heads == 0);
    }
}
