namespace Seriatim.Generation;

/// <summary>What follows from what a model can do.</summary>
internal static class ModelCapabilities
{
    /// <summary>Whether its sequences remember what was computed.</summary>
    public static bool Remembers(this ModelCapability capability) =>
        capability is ModelCapability.Decoder or ModelCapability.EncoderDecoder;

    /// <summary>Whether it has an encoder whose output its decoder reads.</summary>
    public static bool HasSource(this ModelCapability capability) =>
        capability is ModelCapability.EncoderDecoder or ModelCapability.WholeTargets;
}
