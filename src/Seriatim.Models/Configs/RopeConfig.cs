namespace Seriatim.Models;

/// <summary>Reads <c>rope_theta</c> and <c>rope_scaling</c>, in their old and new spellings.</summary>
internal static class RopeConfig
{
    /// <summary>The rotary positions of a model, and the context it reaches with them.</summary>
    /// <param name="config">The config.</param>
    /// <param name="rotaryDim">Features of a head that turn.</param>
    /// <param name="maxPositions"><c>max_position_embeddings</c>.</param>
    /// <param name="originalPositions"><c>original_max_position_embeddings</c> at the root (Phi-3).</param>
    public static (PositionSpec.Rope Rope, int Context) Read(
        ConfigReader config, int rotaryDim, int maxPositions, int? originalPositions = null)
    {
        if (rotaryDim < 2 || rotaryDim % 2 != 0)
            throw config.Unsupported("the number of rotary features", rotaryDim, "an even number of at least 2 is needed");
        double theta = config.Number(10000, "rope_theta", "rotary_emb_base");
        if (theta <= 0)
            throw config.Unsupported("rope_theta", theta, "a positive number is needed");
        ConfigReader? section = config.Section("rope_scaling");
        RopeScaling? scaling = section is null ? null : Scaling(section, rotaryDim, maxPositions, originalPositions);
        int context = scaling switch
        {
            RopeScaling.DynamicNtk => int.MaxValue,
            RopeScaling.Yarn yarn => (int)Math.Max(maxPositions, Math.Min(yarn.Factor * yarn.TrainedLength, int.MaxValue)),
            _ => maxPositions,
        };
        return (new PositionSpec.Rope(theta, rotaryDim, RopePairing.HalfSplit, scaling), context);
    }

    private static RopeScaling? Scaling(ConfigReader section, int rotaryDim, int maxPositions, int? originalPositions)
    {
        string type = section.Text(null, "rope_type", "type");
        switch (type)
        {
            case "default":
                return null;
            case "linear":
                return new RopeScaling.Linear(Factor(section));
            case "dynamic":
                return new RopeScaling.DynamicNtk(
                    Factor(section), section.SizeOrNull("original_max_position_embeddings") ?? maxPositions);
            case "yarn":
                double factor = Factor(section);
                return new RopeScaling.Yarn(
                    factor,
                    section.SizeOrNull("original_max_position_embeddings") ?? maxPositions,
                    section.Number(32, "beta_fast"),
                    section.Number(1, "beta_slow"),
                    section.NumberOrNull("attention_factor") ?? RopeScaling.Yarn.DefaultAttentionFactor(factor));
            case "llama3":
                return new RopeScaling.Llama3(
                    Factor(section),
                    section.Size("original_max_position_embeddings"),
                    section.Number(null, "low_freq_factor"),
                    section.Number(null, "high_freq_factor"));
            case "longrope" or "su":
                return LongRope(section, rotaryDim, maxPositions, originalPositions);
            default:
                throw section.Unsupported("rope_type", type, "default, linear, dynamic, yarn, llama3 or longrope is needed");
        }
    }

    private static RopeScaling.LongRope LongRope(ConfigReader section, int rotaryDim, int maxPositions, int? originalPositions)
    {
        int trained = section.SizeOrNull("original_max_position_embeddings") ?? originalPositions ?? maxPositions;
        double factor = section.NumberOrNull("factor") ?? (double)maxPositions / trained;
        double attention = section.NumberOrNull("attention_factor")
            ?? (factor <= 1 ? 1 : Math.Sqrt(1 + Math.Log(factor) / Math.Log(trained)));
        return new RopeScaling.LongRope(
            section.Numbers("short_factor", rotaryDim / 2), section.Numbers("long_factor", rotaryDim / 2), trained, attention);
    }

    private static double Factor(ConfigReader section)
    {
        double factor = section.Number(null, "factor");
        return factor >= 1 ? factor : throw section.Unsupported("factor", factor, "at least 1 is needed");
    }
}
