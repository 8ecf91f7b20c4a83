namespace Seriatim.Models;

/// <summary>How rows of a sequence exchange information in one layer.</summary>
internal abstract class Mixer
{
    /// <summary>x <c>[N, E] → [N, E]</c>.</summary>
    public abstract Tensor Forward(IOps ops, Tensor x, ForwardPlan plan);

    /// <summary>The one place where a spec becomes a layer.</summary>
    /// <param name="weights">The path of the block.</param>
    /// <param name="spec">The spec.</param>
    /// <param name="width">Features of a row, E.</param>
    /// <param name="bias">The bias of scores that the stack shares, or null.</param>
    /// <param name="place">Where the layer finds its part of a memory.</param>
    public static Mixer Build(
        WeightBuilder weights, MixerSpec spec, int width, AttentionBias? bias, MemoryPlace place) => spec switch
        {
            MixerSpec.Attention attention => new AttentionLayer(weights.At("attention"), attention, width, bias, place),
            MixerSpec.GatedRecurrence recurrence => new GatedRecurrenceLayer(weights.At("recurrence"), recurrence, width, place),
            _ => throw new NotSupportedException($"The mixer {spec} is not built."),
        };
}
