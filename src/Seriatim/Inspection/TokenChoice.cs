using Seriatim.Tokenizers;

namespace Seriatim.Inspection;

/// <summary>How a token was chosen from a row of logits.</summary>
public sealed record TokenChoice
{
    /// <summary>Number of the new token, from 0.</summary>
    public required int Step { get; init; }

    /// <summary>The seed of the random numbers.</summary>
    public required ulong Seed { get; init; }

    /// <summary>The model's own best tokens, before any sampler.</summary>
    public required IReadOnlyList<ScoredToken> Logits { get; init; }

    /// <summary>What each sampler did, in the order of the chain.</summary>
    public required IReadOnlyList<SamplerCut> Cuts { get; init; }

    /// <summary>The candidates that came first in the race, best first; empty if nothing was drawn.</summary>
    public required IReadOnlyList<DieRoll> Rolls { get; init; }

    /// <summary>Whether the most probable token was taken in place of drawing one (temperature 0).</summary>
    public required bool IsGreedy { get; init; }

    /// <summary>The token that was chosen.</summary>
    public required TextToken Token { get; init; }

    /// <summary>Whether it ends the text.</summary>
    public required bool Ends { get; init; }
}
