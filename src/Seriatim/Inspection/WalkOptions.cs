using Seriatim.Generation;

namespace Seriatim.Inspection;

/// <summary>How a walk chooses its tokens.</summary>
public sealed record WalkOptions
{
    /// <summary>How tokens are chosen; null: as the model's defaults say.</summary>
    public SamplingOptions? Sampling { get; init; }

    /// <summary>Seed of the random numbers: an engine that is given the same one chooses the same tokens.</summary>
    public ulong Seed { get; init; }

    /// <summary>
    /// Most new tokens, at least 1; the context may allow fewer. Memory for so many is reserved at once. An engine's text is the
    /// same whatever its limit, but for models whose rotary positions follow from the declared length: those need the same limit.
    /// </summary>
    public int MaxNewTokens { get; init; } = 64;

    /// <summary>How many candidates each list shows, at least 1.</summary>
    public int Shown { get; init; } = 12;
}
