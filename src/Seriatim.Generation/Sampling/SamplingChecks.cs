namespace Seriatim.Generation;

/// <summary>Refuses sampling options that mean nothing or contradict each other.</summary>
internal static class SamplingChecks
{
    public static void Check(SamplingOptions options, int vocabulary)
    {
        foreach (Sampler sampler in Samplers.HuggingFace)
            sampler.Check(options, vocabulary);
        if (!Enum.IsDefined(options.Order))
            throw new InvalidOptionException("Sampling.Order", options.Order, "HuggingFace and LlamaCpp are allowed");
        foreach (Sampler sampler in Samplers.HuggingFace)
        {
            if (sampler.IsSet(options))
                CheckContradictions(sampler, options);
        }
    }

    private static void CheckContradictions(Sampler sampler, SamplingOptions options)
    {
        string option = $"Sampling.{sampler.Options[0].Path}";
        OptionCheck.Contradiction(sampler.NeedsTemperature && options.Temperature == 0, option, "set",
            "it needs a temperature above 0, and Sampling.Temperature is 0");
        OptionCheck.Contradiction(sampler.ReplacesTruncation && options.HasTruncation, option, "set",
            $"it truncates by itself and cannot be combined with other truncations ({Truncations(options)})");
    }

    private static string Truncations(SamplingOptions options) => string.Join(", ", Samplers.HuggingFace
        .Where(sampler => sampler.Stage == SamplerStage.Truncation && sampler.IsSet(options))
        .Select(sampler => $"Sampling.{sampler.Options[0].Path}"));
}
