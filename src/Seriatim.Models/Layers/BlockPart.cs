namespace Seriatim.Models;

/// <summary>What a block is built from.</summary>
/// <param name="Weights">Its path.</param>
/// <param name="Spec">Its spec.</param>
/// <param name="Width">Features of a row, E.</param>
/// <param name="Bias">The bias of scores that the stack shares, or null.</param>
/// <param name="Places">Where the parts of its mixer find theirs of a memory.</param>
/// <param name="CrossPlace">Where its cross-attention does, if it has one.</param>
internal readonly record struct BlockPart(
    WeightBuilder Weights, LayerSpec Spec, int Width, AttentionBias? Bias, IReadOnlyList<MemoryPlace> Places,
    MemoryPlace CrossPlace)
{
    /// <summary>Features of a row that its mixer takes: E but in the first layer of some stacks.</summary>
    public required int Inputs { get; init; }

    /// <summary>Its number.</summary>
    public int Number { get; init; }

    /// <summary>Whether other blocks read its keys and values.</summary>
    public bool IsRead { get; init; }

    /// <summary>What the layers of the stack are given of the tokens directly; null: nothing.</summary>
    public LayerInputSpec? LayerInputs { get; init; }
}
