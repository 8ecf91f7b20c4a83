namespace Seriatim.Generation;

/// <summary>
/// All samplers: the one table. Checks, chains, contradictions, the flags of the command line and the tables of the guide are
/// made from it. A new one is a file (its option, its row, its processor) and a line here; numbers leave room between them.
/// </summary>
internal static class Samplers
{
    private static readonly (Sampler Sampler, int HuggingFace, int LlamaCpp)[] Table =
    [
        (TokenBiases.Row, 110, 110),
        (SequenceBiases.Row, 120, 120),
        (EncoderRepetitionPenalty.Row, 130, 130),
        (RepetitionPenalty.Row, 140, 140),
        (CountPenalty.Row, 150, 150),
        (DryPenalty.Row, 160, 160),
        (NoRepeatNgram.Row, 170, 170),
        (BadWords.Row, 180, 180),
        (MinTokens.Row, 190, 190),
        (IgnoredEnds.Row, 200, 200),
        (SuppressTokens.Row, 210, 210),
        (AllowTokens.Row, 220, 220),
        (ForcePrefix.Row, 230, 230),
        (ForceEnd.Row, 240, 240),
        (UserProcessor.Row, 290, 290),
        (GrammarConstraint.Row, 295, 295),
        (TemperatureScale.Row, 310, 410),
        (DynamicTemperatureScale.Row, 320, 420),
        (MirostatTruncation.Row, 330, 430),
        (TopNSigma.Row, 340, 310),
        (TopK.Row, 350, 320),
        (TopP.Row, 360, 340),
        (MinP.Row, 370, 350),
        (TypicalP.Row, 380, 330),
        (EpsilonCutoff.Row, 390, 360),
        (EtaCutoff.Row, 400, 370),
        (ExcludeTopChoices.Row, 410, 380),
    ];

    /// <summary>All, in the order of transformers.</summary>
    public static IReadOnlyList<Sampler> HuggingFace { get; } =
        [.. Table.OrderBy(row => row.HuggingFace).Select(row => row.Sampler)];

    /// <summary>All, in the order of llama.cpp.</summary>
    public static IReadOnlyList<Sampler> LlamaCpp { get; } =
        [.. Table.OrderBy(row => row.LlamaCpp).Select(row => row.Sampler)];

    public static IReadOnlyList<Sampler> In(SamplerOrder order) => order == SamplerOrder.HuggingFace ? HuggingFace : LlamaCpp;

    /// <summary>Whether one of those that a condition holds for is set.</summary>
    public static bool AnySet(SamplingOptions options, Func<Sampler, bool> which) =>
        HuggingFace.Any(sampler => which(sampler) && sampler.IsSet(options));
}
