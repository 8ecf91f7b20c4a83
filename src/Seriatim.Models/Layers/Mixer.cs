namespace Seriatim.Models;

/// <summary>How rows of a sequence exchange information in one layer; <see cref="MixerSpec.Build"/> makes it.</summary>
internal abstract class Mixer
{
    /// <summary>x <c>[N, E] → [N, E]</c>.</summary>
    public abstract Tensor Forward(IOps ops, Tensor x, ForwardPlan plan);
}

/// <summary>What a mixer is built from.</summary>
/// <param name="Weights">The path of the block.</param>
/// <param name="Width">Features of a row, E.</param>
/// <param name="Bias">The bias of scores that the stack shares, or null.</param>
/// <param name="Places">Where its parts find theirs of a memory: one place, if it is one part.</param>
internal readonly record struct MixerPart(
    WeightBuilder Weights, int Width, AttentionBias? Bias, IReadOnlyList<MemoryPlace> Places)
{
    /// <summary>The place of a layer of one part.</summary>
    public MemoryPlace Place => Places[0];

    /// <summary>The number of the block.</summary>
    public int Number { get; init; }

    /// <summary>Whether other layers read its keys and values.</summary>
    public bool IsRead { get; init; }

    /// <summary>The builder of the layer's own weights.</summary>
    public WeightBuilder At(string name) => Weights.At(name);
}
