namespace Seriatim.Models;

/// <summary>One layer of a stack. A stack may mix layers of different kinds.</summary>
/// <param name="Placement">Where the norms stand.</param>
/// <param name="Norm">All norms of the layer; null: it has none, and rows go on as they are where one would stand.</param>
/// <param name="Mixer">How rows exchange information.</param>
/// <param name="FeedForward">What happens to each row by itself; null for nothing: then there is no norm for it either.</param>
/// <param name="Cross">Attention to the encoder's output, between the two; null for none.</param>
public sealed record LayerSpec(
    Placement Placement, NormSpec? Norm, MixerSpec Mixer, FeedForwardSpec? FeedForward, MixerSpec.Attention? Cross = null)
{
    /// <summary>Whether the mixer has a norm at all (the first layer of ModernBERT follows one directly).</summary>
    public bool NormsMixer { get; init; } = true;

    /// <summary>
    /// The earlier layer whose weights it has too, all of them (Lan et al., 2019: ALBERT); null: it has its own. For encoders.
    /// </summary>
    public int? SharesWith { get; init; }

    /// <summary>
    /// Whether each part adds to what it reads; otherwise what it makes takes its place. Without norm and residual a layer of a
    /// mixer alone is <c>mixer(x)</c>, as layers of an LSTM are.
    /// </summary>
    public bool Residual { get; init; } = true;

    /// <summary>
    /// Whether attention to the encoder adds to what it reads; null: as <see cref="Residual"/> says. Recurrent decoders add what
    /// they attend to and nothing else.
    /// </summary>
    public bool? CrossResidual { get; init; }

    /// <summary>Factor of what each part adds (Granite).</summary>
    public float ResidualScale { get; init; } = 1;

    /// <summary>Whether the stream is multiplied by one learned number after the layer (Gemma 4).</summary>
    public bool OutputFactor { get; init; }
}
