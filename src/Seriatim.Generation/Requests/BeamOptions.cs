namespace Seriatim.Generation;

/// <summary>Beam search, by the definition of Hugging Face transformers 4.46.</summary>
public sealed record BeamOptions
{
    /// <summary>
    /// Beams, <c>num_beams</c>: 2 or more. <see cref="GenerationRequest.Count"/> of their hypotheses are returned, best first.
    /// </summary>
    public int Beams { get; init; } = 4;

    /// <summary>A hypothesis has the score sum / length^penalty, <c>length_penalty</c>.</summary>
    public double LengthPenalty { get; init; } = 1;

    /// <summary>Stop as soon as there are as many hypotheses as beams, <c>early_stopping</c>.</summary>
    public bool EarlyStopping { get; init; }

    /// <summary>
    /// Groups of beams that keep away from each other (Vijayakumar et al., 2018); a divisor of <see cref="Beams"/>.
    /// </summary>
    public int Groups { get; init; } = 1;

    /// <summary>
    /// Taken from a token's score for each beam of an earlier group that has just chosen it, <c>diversity_penalty</c>.
    /// </summary>
    public double DiversityPenalty { get; init; }
}
