namespace Seriatim.Models;

/// <summary>A norm of queries and keys, each for itself (Henry et al., 2020; Dehghani et al., 2023).</summary>
/// <param name="Norm">RMS or layer norm.</param>
/// <param name="Over">What is normed together, and which weights there are.</param>
public sealed record HeadNormSpec(NormSpec Norm, HeadNormOver Over)
{
    /// <summary>Whether there are learned factors.</summary>
    public bool HasWeights { get; init; } = true;

    /// <summary>Whether it stands after the rotation instead of before it.</summary>
    public bool AfterRotation { get; init; }
}

/// <summary>What a norm of queries and keys takes together.</summary>
public enum HeadNormOver
{
    /// <summary>The features of each head; all heads have the same factors, <c>[D]</c>.</summary>
    Head,

    /// <summary>The features of each head; each head has factors of its own, <c>[H, D]</c>.</summary>
    EachHead,

    /// <summary>All features of all heads, before they are cut into heads: <c>[H · D]</c>.</summary>
    Width,
}
