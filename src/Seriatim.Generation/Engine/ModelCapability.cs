namespace Seriatim.Generation;

/// <summary>Which requests a model can serve.</summary>
public enum ModelCapability
{
    /// <summary>Continues sequences.</summary>
    Decoder,

    /// <summary>Continues sequences for the input of an encoder.</summary>
    EncoderDecoder,

    /// <summary>
    /// Fills in whole targets for the input of an encoder (Mask-Predict): <see cref="GenerationRequest.MaskPredict"/>.
    /// </summary>
    WholeTargets,

    /// <summary>Reads whole sequences: embeddings, fill-mask, classification.</summary>
    Encoder,
}
