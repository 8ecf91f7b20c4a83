using Seriatim.Models;

namespace Seriatim.Inspection;

/// <summary>What there is to see in a model.</summary>
public sealed record MicroscopeMap
{
    internal MicroscopeMap(string family, IReadOnlyList<StackMap> stacks, int vocabulary, int context) =>
        (Family, Stacks, Vocabulary, Context) = (family, stacks, vocabulary, context);

    /// <summary>The model's family.</summary>
    public string Family { get; }

    /// <summary>Its stacks, the encoder first.</summary>
    public IReadOnlyList<StackMap> Stacks { get; }

    /// <summary>Number of ids.</summary>
    public int Vocabulary { get; }

    /// <summary>Most positions.</summary>
    public int Context { get; }

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
