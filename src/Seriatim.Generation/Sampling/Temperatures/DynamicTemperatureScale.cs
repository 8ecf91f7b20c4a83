namespace Seriatim.Generation;

public sealed partial record SamplingOptions
{
    /// <summary>Temperature by entropy; null: off.</summary>
    public DynamicTemperature? DynamicTemperature { get; init; }
}

/// <summary>A temperature by the entropy of the candidates, as in llama.cpp.</summary>
internal sealed class DynamicTemperatureScale(float temperature, DynamicTemperature options) : LogitsProcessor
{
    /// <summary>Its option, and the processor that follows from it.</summary>
    public static Sampler Row { get; } = new()
    {
        Name = "dynatemp",
        Stage = SamplerStage.Temperature,
        Does = "instead: `t = min + (max - min) · (H / log n)^exponent` over the n candidates",
        Options = [SamplerOption.Maybe("DynamicTemperature", options => options.DynamicTemperature)],
        NeedsTemperature = true,
        Check = (options, _) => Check(options.DynamicTemperature),
        Create = terms => [new DynamicTemperatureScale(terms.Options.Temperature, terms.Options.DynamicTemperature!)],
        Flags =
        [
            new SamplerFlag<float>("DynamicTemperature.Range", ["--dynatemp-range"], "x",
                "Temperature by entropy: the range around --temp; 0: off.", 0,
                (options, x) => options with { DynamicTemperature = x == 0 ? null : new(x) }),
            new SamplerFlag<float>("DynamicTemperature.Exponent", ["--dynatemp-exp"], "x", "Exponent of --dynatemp-range.",
                new DynamicTemperature(0).Exponent,
                (options, x) => options with { DynamicTemperature = options.DynamicTemperature! with { Exponent = x } })
            { NeedsFirst = true },
        ],
    };

    public override void Apply(LogitsRow row)
    {
        int count = row.Candidates.Length;
        if (count <= 1)
            return;
        (double max, double sum) = row.SoftmaxParts();
        double normalised = Math.Clamp(row.Entropy(max, sum) / PlainMath.Log(count), 0, 1);
        double least = Math.Max(0, temperature - options.Range);
        double scale = least + (temperature + options.Range - least) * PlainMath.Pow(normalised, options.Exponent);

        // At temperature 0 only the best remain; a tiny number does the same without dividing by zero.
        scale = Math.Max(scale, 1e-6);
        foreach (ulong key in row.Candidates)
        {
            int id = LogitsRow.IdOf(key);
            row.Values[id] = (float)(max + (row.Values[id] - max) / scale);
        }

        row.TouchKeepingOrder();
    }

    private static void Check(DynamicTemperature? dynamic)
    {
        if (dynamic is null)
            return;
        OptionCheck.Positive("Sampling.DynamicTemperature.Range", dynamic.Range);
        OptionCheck.Positive("Sampling.DynamicTemperature.Exponent", dynamic.Exponent);
    }
}
