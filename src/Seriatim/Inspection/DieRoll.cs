namespace Seriatim.Inspection;

/// <summary>
/// A candidate in the race that chooses the token: the highest <c>logit - log(-log u)</c> wins, which draws from the softmax.
/// Each candidate has a number u of its own, a function of seed, sequence, step and id alone.
/// </summary>
public readonly record struct DieRoll
{
    internal DieRoll(ScoredToken token, double uniform, double score) =>
        (Token, Uniform, Score) = (token, uniform, score);

    /// <summary>The candidate, with its probability after all samplers.</summary>
    public ScoredToken Token { get; }

    /// <summary>Its random number u, between 0 and 1.</summary>
    public double Uniform { get; }

    /// <summary>Its score.</summary>
    public double Score { get; }
}
