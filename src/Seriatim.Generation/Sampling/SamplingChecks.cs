namespace Seriatim.Generation;

/// <summary>Refuses sampling options that mean nothing or contradict each other.</summary>
internal static class SamplingChecks
{
    public static void Check(SamplingOptions options, int vocabulary)
    {
        OptionCheck.NotNegative("Sampling.Temperature", options.Temperature);
        foreach (Truncation truncation in TruncationOrders.HuggingFace)
            truncation.Check(options);
        if (!Enum.IsDefined(options.Order))
            throw new InvalidOptionException("Sampling.Order", options.Order, "HuggingFace and LlamaCpp are allowed");
        CheckParts(options);
        CheckContradictions(options);
        Check(options.Penalties, vocabulary);
        Check(options.Constraints, vocabulary);
    }

    private static void CheckParts(SamplingOptions options)
    {
        if (options.DynamicTemperature is { } dynamic)
        {
            OptionCheck.Positive("Sampling.DynamicTemperature.Range", dynamic.Range);
            OptionCheck.Positive("Sampling.DynamicTemperature.Exponent", dynamic.Exponent);
        }

        if (options.Mirostat is { } mirostat)
        {
            OptionCheck.Positive("Sampling.Mirostat.Tau", mirostat.Tau);
            OptionCheck.Positive("Sampling.Mirostat.Eta", mirostat.Eta);
        }
    }

    private static void CheckContradictions(SamplingOptions options)
    {
        const string Zero = "it needs a temperature above 0, and Sampling.Temperature is 0";
        bool greedy = options.Temperature == 0;
        OptionCheck.Contradiction(greedy && options.DynamicTemperature is not null, "Sampling.DynamicTemperature", "set", Zero);
        OptionCheck.Contradiction(greedy && options.Xtc is not null, "Sampling.Xtc", "set", Zero);
        OptionCheck.Contradiction(greedy && options.Mirostat is not null, "Sampling.Mirostat", "set", Zero);
        OptionCheck.Contradiction(options.Mirostat is not null && options.HasTruncation, "Sampling.Mirostat", "set",
            "it truncates by itself and cannot be combined with other truncations "
                + $"({Names(TruncationOrders.HuggingFace.Where(t => t.IsSet(options)))})");
    }

    private static string Names(IEnumerable<Truncation> truncations) =>
        string.Join(", ", truncations.Select(truncation => truncation.Option));

    private static void Check(PenaltyOptions penalties, int vocabulary)
    {
        OptionCheck.Positive("Sampling.Penalties.Repetition", penalties.Repetition);
        OptionCheck.Positive("Sampling.Penalties.EncoderRepetition", penalties.EncoderRepetition);
        OptionCheck.Between("Sampling.Penalties.Presence", penalties.Presence, -2, 2);
        OptionCheck.Between("Sampling.Penalties.Frequency", penalties.Frequency, -2, 2);
        OptionCheck.AtLeast("Sampling.Penalties.LastN", penalties.LastN ?? 1, 1);
        OptionCheck.AtLeast("Sampling.Penalties.NoRepeatNgramSize", penalties.NoRepeatNgramSize, 0);
        if (penalties.Dry is not { } dry)
            return;
        OptionCheck.Positive("Sampling.Penalties.Dry.Multiplier", dry.Multiplier);
        if (!(dry.Base >= 1 && float.IsFinite(dry.Base)))
            throw new InvalidOptionException("Sampling.Penalties.Dry.Base", dry.Base, "a finite number, 1 or more, is allowed");
        OptionCheck.AtLeast("Sampling.Penalties.Dry.AllowedLength", dry.AllowedLength, 1);
        OptionCheck.AtLeast("Sampling.Penalties.Dry.LastN", dry.LastN ?? 1, 1);
        OptionCheck.Tokens("Sampling.Penalties.Dry.Breakers", dry.Breakers, vocabulary);
    }

    private static void Check(TokenConstraints constraints, int vocabulary)
    {
        OptionCheck.Tokens("Sampling.Constraints.LogitBias", constraints.LogitBias.Keys, vocabulary);
        foreach (float bias in constraints.LogitBias.Values)
            CheckBias("Sampling.Constraints.LogitBias", bias);
        foreach (SequenceBias bias in constraints.SequenceBiases)
        {
            CheckSequence("Sampling.Constraints.SequenceBiases", bias.Ids, vocabulary);
            CheckBias("Sampling.Constraints.SequenceBiases", bias.Bias);
        }

        foreach (IReadOnlyList<int> word in constraints.BadWords)
            CheckSequence("Sampling.Constraints.BadWords", word, vocabulary);
        OptionCheck.Tokens("Sampling.Constraints.Suppressed", constraints.Suppressed, vocabulary);
        if (constraints.Allowed is not { } allowed)
            return;
        if (allowed.Count == 0)
        {
            throw new InvalidOptionException("Sampling.Constraints.Allowed", "empty",
                "at least one id must be allowed; null allows all");
        }
        OptionCheck.Tokens("Sampling.Constraints.Allowed", allowed, vocabulary);
    }

    private static void CheckSequence(string option, IReadOnlyList<int> ids, int vocabulary)
    {
        if (ids.Count == 0)
            throw new InvalidOptionException(option, "empty", "a sequence needs at least one id");
        OptionCheck.Tokens(option, ids, vocabulary);
    }

    private static void CheckBias(string option, float bias)
    {
        if (float.IsNaN(bias) || float.IsPositiveInfinity(bias))
            throw new InvalidOptionException(option, bias, "a finite number or negative infinity is allowed");
    }
}
