namespace Seriatim.Inspection;

/// <summary>What one sampler of the chain did to the candidates.</summary>
/// <param name="Name">As requests and flags call it, e.g. <c>top_p</c>; the name of a processor of your own.</param>
/// <param name="Does">What it does to a logit, in words.</param>
/// <param name="Before">Candidates before it.</param>
/// <param name="After">Candidates after it.</param>
/// <param name="Best">The best of those that are left, with their probabilities now.</param>
/// <param name="Changes">Whether it changed any logit.</param>
public sealed record SamplerCut(
    string Name, string Does, int Before, int After, IReadOnlyList<ScoredToken> Best, bool Changes);
