namespace Seriatim.Generation;

/// <summary>
/// How the next token is chosen from the logits. The defaults sample from the model's own distribution. Names and semantics are
/// those of Hugging Face and llama.cpp; the order is constraints, penalties, <see cref="Processors"/>, then <see cref="Order"/>.
/// </summary>
/// <remarks>What a sampler has for an option stands in the sampler's own file.</remarks>
public sealed partial record SamplingOptions
{
    /// <summary>The most probable token, always (ties: the smaller id).</summary>
    public static SamplingOptions Greedy { get; } = new() { Temperature = 0 };

    /// <summary>Penalties for repetition.</summary>
    public PenaltyOptions Penalties { get; init; } = new();

    /// <summary>Tokens that are favoured, forbidden or prescribed.</summary>
    public TokenConstraints Constraints { get; init; } = new();

    /// <summary>Where temperature stands among the truncations.</summary>
    public SamplerOrder Order { get; init; }

    /// <summary>Whether any truncation, or a temperature other than 1, is set.</summary>
    internal bool HasWarpers => Samplers.AnySet(this, sampler => sampler.Stage != SamplerStage.Score);

    /// <summary>Whether anything changes scores before the temperature: penalties, constraints, processors.</summary>
    internal bool HasScores => Samplers.AnySet(this, sampler => sampler.Stage == SamplerStage.Score);

    internal bool HasTruncation => Samplers.AnySet(this, sampler => sampler.Stage == SamplerStage.Truncation);
}
