namespace Seriatim.Generation;

/// <summary>The probability of a token, and of the most probable ones at its place.</summary>
public sealed record TokenLogprobs
{
    /// <summary>The token that is there.</summary>
    public required TokenLogprob Chosen { get; init; }

    /// <summary>The most probable tokens, best first (ties: smaller id), as many as were asked for.</summary>
    public required IReadOnlyList<TokenLogprob> Top { get; init; }

    /// <summary>How many tokens are more probable than the chosen one (or as probable, with a smaller id).</summary>
    public required int Rank { get; init; }
}
