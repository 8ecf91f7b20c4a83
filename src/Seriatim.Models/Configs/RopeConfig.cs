namespace Seriatim.Models;

/// <summary>
/// Reads rotary positions in all spellings: <c>rope_theta</c> and <c>rope_scaling</c>, or <c>rope_parameters</c>, which holds
/// both and may have a section for each kind of layer. A config with several of them must say the same in all.
/// </summary>
internal static class RopeConfig
{
    /// <summary>The rotary positions of a model, and the context it reaches with them.</summary>
    /// <param name="config">The config.</param>
    /// <param name="headDim">Features of a head.</param>
    /// <param name="partKeys">Keys at the root for the part of them that turns.</param>
    /// <param name="part">The part if the config does not say.</param>
    /// <param name="maxPositions"><c>max_position_embeddings</c>.</param>
    /// <param name="originalPositions"><c>original_max_position_embeddings</c> at the root (Phi-3).</param>
    public static (PositionSpec.Rope Rope, int Context) Read(
        ConfigReader config, int headDim, string[] partKeys, double part, int maxPositions, int? originalPositions = null) =>
        Read(config, new RopeKeys(headDim, maxPositions)
        {
            Part = partKeys,
            DefaultPart = part,
            OriginalPositions = originalPositions,
        });

    /// <summary>The same, for any family.</summary>
    /// <param name="config">The config.</param>
    /// <param name="keys">Where the family has them.</param>
    public static (PositionSpec.Rope Rope, int Context) Read(ConfigReader config, RopeKeys keys)
    {
        (ConfigReader Reader, string Name)[] sections = [.. Sections(config, keys)];
        double? rootTheta = keys.Theta.Length == 0 ? null : config.NumberOrNull(keys.Theta);
        double? rootPart = keys.Part.Length == 0 ? null : config.NumberOrNull(keys.Part);
        double theta = One("rope_theta", rootTheta, sections, section => section.NumberOrNull("rope_theta"))
            ?? keys.DefaultTheta;
        double turning = One("partial_rotary_factor", rootPart, sections,
            section => section.NumberOrNull("partial_rotary_factor")) ?? keys.DefaultPart;
        if (theta <= 0)
            throw config.Unsupported("rope_theta", theta, "a positive number is needed");
        if (sections is [var only] && only.Reader.Text("default", "rope_type", "type") == "proportional")
            return (Proportional(config, only.Reader, theta, turning, keys), keys.MaxPositions);
        int rotaryDim = (int)Math.Clamp(keys.HeadDim * turning, 0, int.MaxValue);
        if (rotaryDim < 2 || rotaryDim % 2 != 0 || rotaryDim > keys.HeadDim)
        {
            throw config.Unsupported("the number of rotary features", rotaryDim,
                $"an even number from 2 to {keys.HeadDim}, the features of a head, is needed");
        }

        RopeScaling? scaling = SaysScaling(config)
            ? Scaling(config, sections, rotaryDim, keys)
            : keys.DefaultScaling;
        int context = scaling switch
        {
            RopeScaling.DynamicNtk => int.MaxValue,
            RopeScaling.Yarn yarn => (int)Math.Max(keys.MaxPositions,
                Math.Min(yarn.Factor * yarn.TrainedLength, int.MaxValue)),
            _ => keys.MaxPositions,
        };
        return (new PositionSpec.Rope(theta, rotaryDim, keys.Pairing, scaling), context);
    }

    private static bool SaysScaling(ConfigReader config) => ((string[])["rope_scaling", "rope_parameters"]).Any(
        name => config.IsNull(name) || config.HasSection(name));

    /// <summary>Waves of the whole head, of which the slow ones do not turn.</summary>
    private static PositionSpec.Rope Proportional(
        ConfigReader config, ConfigReader section, double theta, double turning, RopeKeys keys)
    {
        section.WaiveAt("nothing is stretched", "1", "factor");
        int pairs = keys.HeadDim / 2, turn = (int)Math.Clamp(turning * keys.HeadDim / 2, 0, int.MaxValue);
        return turn >= 1 && turn <= pairs
            ? new PositionSpec.Rope(theta, 2 * pairs, keys.Pairing, null) { StillPairs = pairs - turn }
            : throw config.Unsupported("partial_rotary_factor", turning,
                $"a part with at least one of the {pairs} pairs of a head is needed");
    }

    private static RopeScaling? Scaling(
        ConfigReader config, (ConfigReader Reader, string Name)[] sections, int rotaryDim, RopeKeys keys)
    {
        RopeScaling? scaling = null;
        for (int i = 0; i < sections.Length; i++)
        {
            // The older key always names its type; the newer one may leave "default" out.
            string type = sections[i].Reader.Text(sections[i].Name == "rope_scaling" ? null : "default", "rope_type", "type");
            RopeScaling? own = Scaling(sections[i].Reader, type, rotaryDim, keys.MaxPositions, keys.OriginalPositions);
            if (i > 0 && !RopeScaling.Same(own, scaling))
            {
                throw config.Unsupported(sections[i].Name, $"{own?.ToString() ?? "default"}",
                    $"{sections[0].Name} is {scaling?.ToString() ?? "default"}; they must agree");
            }

            scaling = own;
        }

        return scaling;
    }

    /// <summary>
    /// Every section that holds for the layers that are meant; of one that is divided by kinds of layers those of the kinds.
    /// </summary>
    private static IEnumerable<(ConfigReader Reader, string Name)> Sections(ConfigReader config, RopeKeys keys)
    {
        foreach (string name in (string[])["rope_scaling", "rope_parameters"])
        {
            if (config.Section(name) is not { } section)
                continue;
            string[] kinds = [.. section.Keys.Where(section.HasSection)];
            if (kinds.Length == 0)
            {
                if (keys.TakesScaling)
                    yield return (section, name);
                continue;
            }

            foreach (string kind in kinds)
            {
                if (!LayerKinds.IsKnown(kind))
                    throw section.Unsupported(kind, "an object", $"sections are named by {LayerKinds.Known}");
                if (keys.Kind is null || keys.Kind == kind)
                    yield return (section.Section(kind)!, $"{name}.{kind}");
            }
        }
    }

    /// <summary>Whether a section is divided by kinds of layers.</summary>
    public static bool IsByKind(ConfigReader config) => ((string[])["rope_scaling", "rope_parameters"]).Any(
        name => config.Section(name) is { } section && section.Keys.Any(section.HasSection));

    /// <summary>The value at the root or in a section; where there are several, they must be one.</summary>
    private static double? One(string key, double? root, (ConfigReader Reader, string Name)[] sections,
        Func<ConfigReader, double?> read)
    {
        (double? value, string where) = (root, key);
        foreach ((ConfigReader section, string name) in sections)
        {
            double? own = read(section);
            if (own is { } found && value is { } other && found != other)
            {
                throw section.Unsupported(key, found,
                    FormattableString.Invariant($"{where} is {other}; they must agree, because all layers turn alike"));
            }
            (value, where) = own is null || value is not null ? (value, where) : (own, $"{name}.{key}");
        }

        return value;
    }

    private static RopeScaling? Scaling(ConfigReader section, string type, int rotaryDim, int maxPositions,
        int? originalPositions)
    {
        section.Waive("whether the model was tuned with what is applied", "finetuned");
        section.Waive("read for the types that know it", "beta_fast", "beta_slow", "mscale", "mscale_all_dim", "truncate",
            "low_freq_factor", "high_freq_factor", "short_factor", "long_factor");
        int? trained = section.SizeOrNull("original_max_position_embeddings");
        if (type != "default" && trained is { } own && originalPositions is { } root && own != root)
        {
            throw section.Unsupported("original_max_position_embeddings", own,
                $"original_max_position_embeddings is {root}; they must agree");
        }
        trained ??= originalPositions;
        switch (type)
        {
            case "default":
                section.WaiveAt("nothing is stretched", "1", "factor", "attention_factor");
                return null;
            case "linear":
                return new RopeScaling.Linear(Factor(section));
            case "dynamic":
                return new RopeScaling.DynamicNtk(Factor(section), trained ?? maxPositions);
            case "yarn":
                return Yarn(section, trained ?? maxPositions, maxPositions);
            case "llama3":
                return new RopeScaling.Llama3(
                    Factor(section),
                    trained ?? section.Size("original_max_position_embeddings"),
                    section.Number(null, "low_freq_factor"),
                    section.Number(null, "high_freq_factor"));
            case "longrope" or "su":
                return LongRope(section, rotaryDim, maxPositions, trained ?? maxPositions);
            default:
                throw section.Unsupported("rope_type", type, "default, linear, dynamic, yarn, llama3 or longrope is needed");
        }
    }

    private static RopeScaling.Yarn Yarn(ConfigReader section, int trained, int maxPositions)
    {
        // Without a factor the reference takes the quotient of the lengths.
        double factor = maxPositions > trained && section.NumberOrNull("factor") is null
            ? (double)maxPositions / trained
            : Factor(section);
        (double fast, double slow) = (section.Number(32, "beta_fast"), section.Number(1, "beta_slow"));
        if (!(slow > 0 && fast >= slow))
        {
            throw section.Unsupported("beta_fast", fast,
                FormattableString.Invariant($"at least beta_slow {slow}, which must be above 0, is needed"));
        }
        (double all, double one) = (section.Number(0, "mscale_all_dim"), section.Number(0, "mscale"));
        double usual = all != 0 && one != 0
            ? Sharpened(factor, one) / Sharpened(factor, all)
            : RopeScaling.Yarn.DefaultAttentionFactor(factor);
        return new RopeScaling.Yarn(factor, trained, fast, slow, section.NumberOrNull("attention_factor") ?? usual)
        {
            WholeWaves = section.Flag(true, "truncate"),
        };
    }

    private static double Sharpened(double factor, double scale) => 0.1 * scale * PlainMath.Log(factor) + 1;

    private static RopeScaling.LongRope LongRope(ConfigReader section, int rotaryDim, int maxPositions, int trained)
    {
        double factor = section.NumberOrNull("factor") ?? (double)maxPositions / trained;
        double attention = section.NumberOrNull("attention_factor")
            ?? (factor <= 1 ? 1 : Math.Sqrt(1 + PlainMath.Log(factor) / PlainMath.Log(trained)));
        return new RopeScaling.LongRope(
            section.Numbers("short_factor", rotaryDim / 2), section.Numbers("long_factor", rotaryDim / 2), trained, attention);
    }

    private static double Factor(ConfigReader section)
    {
        double factor = section.Number(null, "factor");
        return factor >= 1 ? factor : throw section.Unsupported("factor", factor, "at least 1 is needed");
    }
}
