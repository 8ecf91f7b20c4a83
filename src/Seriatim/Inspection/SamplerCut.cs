namespace Seriatim.Inspection;

/// <summary>What one sampler of the chain did to the candidates.</summary>
public sealed record SamplerCut
{
    internal SamplerCut(string name, string does, int before, int after, IReadOnlyList<ScoredToken> best, bool changes) =>
        (Name, Does, Before, After, Best, Changes) = (name, does, before, after, best, changes);

    /// <summary>As requests and flags call it, e.g. <c>top_p</c>; the name of a processor of your own.</summary>
    public string Name { get; }

    /// <summary>What it does to a logit, in words.</summary>
    public string Does { get; }

    /// <summary>Candidates before it.</summary>
    public int Before { get; }

    /// <summary>Candidates after it.</summary>
    public int After { get; }

    /// <summary>The best of those that are left, with their probabilities now.</summary>
    public IReadOnlyList<ScoredToken> Best { get; }

    /// <summary>Whether it changed any logit.</summary>
    public bool Changes { get; }
}
