namespace Seriatim.Models;

/// <summary>
/// Which type each matrix of a GGUF file gets. Vectors, and small tables that products do not read, are always F32.
/// </summary>
public sealed class QuantizationMix
{
    private static readonly Dictionary<string, (GgmlType Base, uint Label)> Known = new(StringComparer.OrdinalIgnoreCase)
    {
        ["f32"] = (GgmlType.F32, 0),
        ["f16"] = (GgmlType.F16, 1),
        ["bf16"] = (GgmlType.BF16, 32),
        ["q8_0"] = (GgmlType.Q8_0, 7),
        ["q4_0"] = (GgmlType.Q4_0, 2),
        ["q4_1"] = (GgmlType.Q4_1, 3),
        ["q5_0"] = (GgmlType.Q5_0, 8),
        ["q5_1"] = (GgmlType.Q5_1, 9),
        ["q2_k"] = (GgmlType.Q2_K, 10),
        ["q3_k_m"] = (GgmlType.Q3_K, 12),
        ["q4_k_m"] = (GgmlType.Q4_K, 15),
        ["q5_k_m"] = (GgmlType.Q5_K, 17),
        ["q6_k"] = (GgmlType.Q6_K, 18),
        ["iq4_nl"] = (GgmlType.IQ4_NL, 25),
        ["iq4_xs"] = (GgmlType.IQ4_XS, 30),
        ["tq1_0"] = (GgmlType.TQ1_0, 36),
        ["tq2_0"] = (GgmlType.TQ2_0, 37),
        ["mxfp4"] = (GgmlType.MXFP4, 38),
    };

    private readonly GgmlType _base;
    private readonly bool _pure;

    private QuantizationMix(string name, GgmlType type, uint label, bool pure) =>
        (Name, _base, Label, _pure) = (name, type, label, pure);

    /// <summary>The names that <see cref="Parse"/> knows.</summary>
    public static IReadOnlyCollection<string> Names => Known.Keys;

    /// <summary>The name, e.g. <c>q4_k_m</c>.</summary>
    public string Name { get; }

    /// <summary>The value of <c>general.file_type</c>.</summary>
    internal uint Label { get; }

    /// <summary>The mix of a name.</summary>
    /// <param name="name">E.g. <c>q8_0</c>, <c>q4_k_m</c>.</param>
    /// <param name="pure">Give every matrix the one type; else the output (or a tied embedding) gets Q6_K where the type is
    /// coarser, and mixes (<c>_m</c>) give more bits to values and to the way down in some layers.</param>
    /// <exception cref="ArgumentException">The name is not known; the message lists those that are.</exception>
    public static QuantizationMix Parse(string name, bool pure = false) =>
        Known.TryGetValue(name, out (GgmlType Base, uint Label) known)
            ? new QuantizationMix(name.ToLowerInvariant(), known.Base, known.Label, pure)
            : throw new ArgumentException(
                $"'{name}' is not a type that is written; choose one of {string.Join(", ", Known.Keys)}.", nameof(name));

    /// <summary>The type of a matrix.</summary>
    /// <param name="path">Its path in the model.</param>
    /// <param name="layers">Layers of its stack.</param>
    /// <param name="columns">Its row length: types whose blocks do not fit give way to finer ones that do.</param>
    /// <param name="readByHead">Whether the output projection reads it: an untied head, or a tied embedding.</param>
    internal GgmlType TypeOf(string path, int layers, long columns, bool readByHead) =>
        Fitting(Wanted(path, layers, readByHead), columns);

    private GgmlType Wanted(string path, int layers, bool readByHead)
    {
        if (_pure || !_base.IsQuantized())
            return _base;
        if (readByHead)
            return _base is GgmlType.Q8_0 ? GgmlType.Q8_0 : GgmlType.Q6_K;
        if (_base is GgmlType.TQ1_0 or GgmlType.TQ2_0)
            return path.StartsWith("embed", StringComparison.Ordinal) ? GgmlType.Q4_K : _base;
        string[] parts = path.Split('.');
        int at = Array.IndexOf(parts, "layers");
        if (at < 0 || !Name.EndsWith("_m", StringComparison.Ordinal))
            return _base;
        int layer = int.Parse(parts[at + 1], System.Globalization.CultureInfo.InvariantCulture);
        bool value = parts[^1] == "v";
        bool down = parts[^1] == "down";
        if (_base == GgmlType.Q3_K)
            return value ? GgmlType.Q5_K : down || parts[^1] == "o" ? GgmlType.Q4_K : _base;
        return (value || down) && GetsMore(layer, layers) ? GgmlType.Q6_K : _base;
    }

    /// <summary>
    /// The first and the last eighth of the layers, and every third between: where errors were found to matter most.
    /// </summary>
    private static bool GetsMore(int layer, int layers) =>
        layer < layers / 8 || layer >= 7 * layers / 8 || (layer - layers / 8) % 3 == 2;

    private static GgmlType Fitting(GgmlType type, long columns)
    {
        if (columns % type.BlockSize() == 0)
            return type;
        GgmlType finer = type switch
        {
            GgmlType.Q6_K => GgmlType.Q8_0,
            GgmlType.Q5_K => GgmlType.Q5_1,
            GgmlType.Q4_K => GgmlType.Q5_0,
            _ => GgmlType.IQ4_NL,
        };
        return columns % finer.BlockSize() == 0 ? finer : GgmlType.F16;
    }
}
