using Seriatim.Models;

namespace Seriatim.Inspection;

/// <summary>What there is to see in a model.</summary>
/// <param name="Family">The model's family.</param>
/// <param name="Stacks">Its stacks, the encoder first.</param>
/// <param name="Vocabulary">Number of ids.</param>
/// <param name="Context">Most positions.</param>
public sealed record MicroscopeMap(string Family, IReadOnlyList<StackMap> Stacks, int Vocabulary, int Context)
{
    /// <summary>The stack whose rows become logits.</summary>
    public StackMap Last => Stacks[^1];

    internal static MicroscopeMap Of(ModelSpec spec)
    {
        var stacks = new List<StackMap>();
        if (spec.Encoder is { } encoder)
            stacks.Add(StackMap.Of(StackSide.Encoder, encoder));
        if (spec.Decoder is { } decoder)
            stacks.Add(StackMap.Of(StackSide.Decoder, decoder));
        return new MicroscopeMap(spec.Family, stacks, spec.Last.Vocabulary, spec.Context);
    }
}
