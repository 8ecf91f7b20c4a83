namespace Seriatim.Models;

/// <summary>Files of NVIDIA's Model Optimizer: NVFP4 (<see cref="FourBitMatrix"/>) and 8-bit floats with one scale.</summary>
internal sealed class ModelOptCoding : WeightCoding
{
    public ModelOptCoding(ConfigReader section)
    {
        string kind = section.Text("NVFP4", "quant_algo");
        if (kind is not ("NVFP4" or "FP8"))
            throw section.Unsupported("quant_algo", kind, "\"NVFP4\" or \"FP8\" is needed");
        section.WaiveAt("groups have 16 values", "16", "group_size");
        section.Waive("keys and values are stored as the caller asks", "kv_cache_quant_algo", "kv_cache_scheme");
        section.Waive("the tensors say it", "config_groups", "quantization");
        section.Waive("who wrote the file", "producer");
        WaiveModules(section);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<(string Pattern, string Reason)> Waived { get; } =
        [("*.input_scale", "activations are not rounded to 4 or 8-bit floats"),
            ("*.k_scale", "keys are stored as the caller asks"), ("*.v_scale", "values are stored as the caller asks")];

    /// <inheritdoc/>
    public override CodedMatrix? Find(CodedTensors tensors, string name)
    {
        if (!IsWeight(name) || tensors.Find(name) is not { } codes)
            return null;
        if (codes.Type != SafetensorsType.U8)
            return ScaledFloatMatrix.Find(tensors, name, null);
        SafetensorsEntry whole = tensors.Need($"{name}_scale_2", codes);
        return FourBitMatrix.Of(
            name, codes, tensors.Need($"{name}_scale", codes), BlockType.NVFP4, (CodedNumber(whole), whole.Name));
    }

    /// <summary>The number in a tensor of one.</summary>
    internal static float CodedNumber(SafetensorsEntry entry) => entry.ElementCount == 1
        ? CodedTensors.ReadFloats(entry)[0]
        : throw new CheckpointMismatchException(entry.File.Path, [entry.Name],
            $"{entry.Name} has {entry.ElementCount} numbers; 1 is needed: a scale of the whole matrix.");
}
