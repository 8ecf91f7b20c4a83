namespace Seriatim.Models;

/// <summary>One layer of a stack. A stack may mix layers of different kinds.</summary>
/// <param name="Placement">Where the norms stand.</param>
/// <param name="Norm">All norms of the layer.</param>
/// <param name="Mixer">How rows exchange information.</param>
/// <param name="FeedForward">What happens to each row by itself; null for nothing: then there is no norm for it either.</param>
/// <param name="Cross">Attention to the encoder's output, between the two; null for none.</param>
public sealed record LayerSpec(
    Placement Placement, NormSpec Norm, MixerSpec Mixer, FeedForwardSpec? FeedForward, MixerSpec.Attention? Cross = null);
