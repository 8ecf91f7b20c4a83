namespace Seriatim.Generation;

/// <summary>
/// What a sampler works on. The three follow one another; the last two change places with <see cref="SamplerOrder"/>.
/// </summary>
internal enum SamplerStage
{
    /// <summary>Scores of tokens: constraints and penalties. With beams, too, where they are log-probabilities.</summary>
    Score,

    /// <summary>The sharpness of the distribution.</summary>
    Temperature,

    /// <summary>Which of the best tokens stay.</summary>
    Truncation,
}
