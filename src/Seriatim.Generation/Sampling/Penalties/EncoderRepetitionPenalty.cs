namespace Seriatim.Generation;

public sealed partial record PenaltyOptions
{
    /// <summary>
    /// As <see cref="Repetition"/> for the ids of the encoder's input, with 1/penalty: above 1 favours them. Above 0.
    /// </summary>
    public float EncoderRepetition { get; init; } = 1;
}

/// <summary>The repetition penalty for the ids of the encoder's input, with the inverse.</summary>
internal sealed class EncoderRepetitionPenalty(float penalty) : LogitsProcessor
{
    /// <summary>Its option, and the processor that follows from it.</summary>
    public static Sampler Row { get; } = new()
    {
        Name = "encoder_repetition_penalty",
        Stage = SamplerStage.Score,
        Does = "as `Penalties.Repetition` with 1/penalty, for ids of the encoder's input",
        Options = [SamplerOption.Of("Penalties.EncoderRepetition", 1f, options => options.Penalties.EncoderRepetition)],
        Check = (options, _) =>
            OptionCheck.Positive("Sampling.Penalties.EncoderRepetition", options.Penalties.EncoderRepetition),
        Create = terms => [new EncoderRepetitionPenalty(terms.Options.Penalties.EncoderRepetition)],
        Flags =
        [
            new SamplerFlag<float>("Penalties.EncoderRepetition", ["--encoder-repetition-penalty"], "x",
                "Above 1 favours tokens of the encoder's input; 1: off.", 1,
                (options, x) => options with { Penalties = options.Penalties with { EncoderRepetition = x } })
            { IsFromModel = true },
        ],
    };

    public override void Apply(LogitsRow row) => RepetitionPenalty.Apply(row, row.EncoderInput.Span, 1 / penalty);
}
