namespace Seriatim.Models;

/// <summary>
/// How a checkpoint stores matrices in other tensors than themselves, as <c>quantization_config</c> names it. Which matrices are
/// stored so the tensors say; the others stand as usual.
/// </summary>
internal abstract class WeightCoding
{
    /// <summary>The keys of the config that hold the section.</summary>
    public static readonly string[] Sections = ["quantization_config", "compression_config"];

    private static readonly Dictionary<string, Func<ConfigReader, WeightCoding>> Methods = new()
    {
        ["gptq"] = section => new GptqCoding(section),
        ["awq"] = section => new AwqCoding(section),
        ["fp8"] = section => new Float8Coding(section),
        ["fbgemm_fp8"] = section => new Float8Coding(section),
        ["mxfp4"] = section => new MxFp4Coding(section),
        ["bitsandbytes"] = section => new BitsAndBytesCoding(section),
        ["compressed-tensors"] = section => new CompressedCoding(section),
        ["modelopt"] = section => new ModelOptCoding(section),
        ["modelopt_fp4"] = section => new ModelOptCoding(section),
    };

    /// <summary>The methods that are read.</summary>
    public static IReadOnlyCollection<string> Names => Methods.Keys;

    /// <summary>Tensors that may be left unread, with the reason.</summary>
    public virtual IReadOnlyList<(string Pattern, string Reason)> Waived => [];

    /// <summary>Puts a matrix together.</summary>
    /// <param name="tensors">The checkpoint.</param>
    /// <param name="name">The name of the plain matrix.</param>
    /// <returns>Null if the checkpoint does not have it in this coding.</returns>
    /// <exception cref="CheckpointMismatchException">It has some of its parts, or parts that do not belong together.</exception>
    public abstract CodedMatrix? Find(CodedTensors tensors, string name);

    /// <summary>The coding that a config names; null: none.</summary>
    /// <exception cref="UnsupportedConfigException">The method is not known, or a key cannot be honoured.</exception>
    public static WeightCoding? Read(ConfigReader config)
    {
        foreach (string key in Sections)
        {
            // What is no section with a method stays unread, and is refused with the other keys that nobody knows.
            if (!config.HasSection(key) || !config.HasText(key, "quant_method"))
                continue;
            ConfigReader section = config.Section(key)!;
            string method = section.Text(null, "quant_method");
            return Methods.TryGetValue(method, out Func<ConfigReader, WeightCoding>? read)
                ? read(section)
                : throw section.Unsupported("quant_method", method, $"one of {string.Join(", ", Names)} is needed");
        }

        return null;
    }

    /// <summary>Lets keys stand that say which modules are stored so: the tensors say it.</summary>
    private protected static void WaiveModules(ConfigReader section) => section.Waive("the tensors in the file say which",
        "modules_to_not_convert", "ignored_layers", "ignore", "exclude_modules", "lm_head", "modules_in_block_to_quantize",
            "targets",
        "block_name_to_quantize", "module_name_preceding_first_block");

    /// <summary>Whether a name is that of a matrix whose parts share its stem.</summary>
    private protected static bool IsWeight(string name) => name.EndsWith(".weight", StringComparison.Ordinal);
}
