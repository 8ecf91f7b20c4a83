using System.Numerics;

namespace Seriatim.Generation;

public sealed partial record SamplingOptions
{
    /// <summary>Logits are divided by it; 0: the most probable token. 0 or more.</summary>
    public float Temperature { get; init; } = 1;
}

/// <summary><c>logit / temperature</c>.</summary>
internal sealed class TemperatureScale(float temperature) : LogitsProcessor
{
    /// <summary>Its option, and the processor that follows from it.</summary>
    public static Sampler Row { get; } = new()
    {
        Name = "temperature",
        Stage = SamplerStage.Temperature,
        Does = "`l / t`; 0: the best token is taken here (ties: the smaller id) and nothing below applies",
        Options = [SamplerOption.Of("Temperature", 1f, options => options.Temperature)],
        Check = (options, _) => OptionCheck.NotNegative("Sampling.Temperature", options.Temperature),
        Create = terms => terms.Options.DynamicTemperature is null ? [new TemperatureScale(terms.Options.Temperature)] : [],
        Flags =
        [
            new SamplerFlag<float>("Temperature", ["--temp", "--temperature"], "t",
                "Temperature; 0: always the most probable token.", 1,
                (options, t) => options with { Temperature = t }) { IsFromModel = true },
        ],
    };

    public override void Apply(LogitsRow row)
    {
        // Division is exact to the bit in every vector width.
        float[] logits = row.Values;
        int id = 0;
        for (; id <= logits.Length - Vector<float>.Count; id += Vector<float>.Count)
            (new Vector<float>(logits, id) / new Vector<float>(temperature)).CopyTo(logits, id);
        for (; id < logits.Length; id++)
            logits[id] /= temperature;
        row.TouchKeepingOrder();
    }
}
