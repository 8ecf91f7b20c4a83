namespace Seriatim.Models;

/// <summary>What an adapter adds to one weight: <c>y += (s · x Aᵀ) Bᵀ</c> (Hu et al., 2021: LoRA).</summary>
/// <param name="A">A <c>[Rank, Inputs]</c>, row by row.</param>
/// <param name="B">B <c>[Outputs, Rank]</c>, row by row.</param>
/// <param name="Rank">Rows of A, 1 or more.</param>
/// <param name="Scale">The factor s: alpha / rank in the paper.</param>
public sealed record LowRankFactors(ReadOnlyMemory<float> A, ReadOnlyMemory<float> B, int Rank, float Scale);
