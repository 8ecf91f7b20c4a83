namespace Seriatim.Generation;

public sealed partial record PenaltyOptions
{
    /// <summary>Taken from the logit of each id in the output, -2 to 2 (OpenAI).</summary>
    public float Presence { get; init; }

    /// <summary>Taken from the logit of an id in the output as often as it is there, -2 to 2 (OpenAI).</summary>
    public float Frequency { get; init; }
}

/// <summary><c>logit - frequency · count - presence · [count > 0]</c> over the output.</summary>
internal sealed class CountPenalty(float presence, float frequency, int? lastN) : LogitsProcessor
{
    /// <summary>Its options, and the processor that follows from them.</summary>
    public static Sampler Row { get; } = new()
    {
        Name = "presence_penalty, frequency_penalty",
        Stage = SamplerStage.Score,
        Does = "ids of the output: `l - frequency · count - presence` (OpenAI, vLLM)",
        Options =
        [
            SamplerOption.Of("Penalties.Presence", 0f, options => options.Penalties.Presence),
            SamplerOption.Of("Penalties.Frequency", 0f, options => options.Penalties.Frequency),
        ],
        Check = (options, _) =>
        {
            OptionCheck.Between("Sampling.Penalties.Presence", options.Penalties.Presence, -2, 2);
            OptionCheck.Between("Sampling.Penalties.Frequency", options.Penalties.Frequency, -2, 2);
        },
        Create = terms => [Of(terms.Options.Penalties)],
        Flags =
        [
            new SamplerFlag<float>("Penalties.Presence", ["--presence-penalty"], "x",
                "Taken from each token that was generated.", 0,
                (options, x) => options with { Penalties = options.Penalties with { Presence = x } }),
            new SamplerFlag<float>("Penalties.Frequency", ["--frequency-penalty"], "x",
                "Taken from a token each time it was generated.", 0,
                (options, x) => options with { Penalties = options.Penalties with { Frequency = x } }),
        ],
    };

    public override void Apply(LogitsRow row)
    {
        ReadOnlySpan<int> output = row.Output;
        if (lastN is { } n && n < output.Length)
            output = output[^n..];
        row.NewSet();
        foreach (int id in output)
            row.Add(id);
        foreach (int id in output)
        {
            int count = row.CountOf(id);
            if (count == 0)
                continue;
            row.Values[id] -= frequency * count + presence;
            row.Forget(id);
        }
    }

    private static CountPenalty Of(PenaltyOptions options) => new(options.Presence, options.Frequency, options.LastN);
}
