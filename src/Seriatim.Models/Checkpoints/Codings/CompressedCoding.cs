namespace Seriatim.Models;

/// <summary>
/// Files of compressed-tensors: integers of 2 to 8 bits (<see cref="GroupedMatrix"/>), 8-bit floats
/// (<see cref="ScaledFloatMatrix"/>), NVFP4 and MXFP4 (<see cref="FourBitMatrix"/>). Which of them a matrix is its tensors say.
/// </summary>
internal sealed class CompressedCoding : WeightCoding
{
    private readonly List<int> _bits = [];
    private readonly (int Rows, int Columns)? _block;

    public CompressedCoding(ConfigReader section)
    {
        if (section.Section("config_groups") is { } groups)
        {
            foreach (string name in groups.Keys)
                ReadGroup(groups.Section(name)!, ref _block);
        }

        string format = section.Text("dense", "format");
        if (format is not ("dense" or "pack-quantized" or "int-quantized" or "naive-quantized" or "float-quantized"
            or "nvfp4-pack-quantized" or "mxfp4-pack-quantized" or "mixed-precision"))
        {
            throw section.Unsupported("format", format,
                "pack-quantized, int-quantized, naive-quantized, float-quantized, "
                    + "nvfp4-pack-quantized or mxfp4-pack-quantized is needed");
        }

        string status = section.Text("compressed", "quantization_status");
        if (status is not ("compressed" or "frozen"))
            throw section.Unsupported("quantization_status", status, "\"compressed\" is needed");
        if (section.Section("sparsity_config") is { } sparsity && sparsity.Keys.Any())
        {
            sparsity.Only("format", "dense");
            sparsity.Waive("nothing is left out of a dense file", "global_sparsity", "ignore", "registry_requires_subclass",
                "sparsity_structure", "targets");
        }

        section.WaiveAt("nothing is turned before it is multiplied", "{}", "transform_config");
        section.Waive("keys and values are stored as the caller asks", "kv_cache_scheme");
        section.Waive("how small the file became, and who wrote it", "global_compression_ratio", "version");
        WaiveModules(section);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<(string Pattern, string Reason)> Waived { get; } =
        [("*.input_scale", "activations are not rounded"), ("*.input_zero_point", "activations are not rounded"),
            ("*.input_global_scale", "activations are not rounded"), ("*.output_scale", "activations are not rounded"),
            ("*.output_zero_point", "activations are not rounded"),
            ("*.k_scale", "keys are stored as the caller asks"), ("*.v_scale", "values are stored as the caller asks")];

    /// <inheritdoc/>
    public override CodedMatrix? Find(CodedTensors tensors, string name)
    {
        if (tensors.Find($"{name}_packed") is not { Type: SafetensorsType.U8 } packed)
        {
            return (CodedMatrix?)GroupedMatrix.Find(tensors, name, _bits) ?? ScaledFloatMatrix.Find(tensors, name, _block);
        }

        SafetensorsEntry scales = tensors.Need($"{name}_scale", packed);
        if (scales.Type == SafetensorsType.U8)
            return FourBitMatrix.Of(name, packed, scales, BlockType.MXFP4);
        SafetensorsEntry whole = tensors.Need($"{name}_global_scale", packed);

        // This writer divides by it.
        return FourBitMatrix.Of(name, packed, scales, BlockType.NVFP4, (1 / ModelOptCoding.CodedNumber(whole), whole.Name));
    }

    private void ReadGroup(ConfigReader group, ref (int Rows, int Columns)? block)
    {
        group.Waive("the tensors say it", "targets", "format");
        group.Waive("activations are not rounded", "input_activations", "output_activations");
        if (group.Section("weights") is not { } weights)
            return;
        int bits = weights.Size("num_bits");
        if (bits > 8)
            throw weights.Unsupported("num_bits", bits, "at most 8 are supported");
        if (!_bits.Contains(bits))
            _bits.Add(bits);
        if (weights.Keys.Contains("block_structure") && weights.IsList("block_structure"))
        {
            double[] size = weights.Numbers("block_structure", 2);
            block = ((int)size[0], (int)size[1]);
        }

        weights.WaiveAt("weights have their scales in the file", "false", "dynamic");
        weights.Waive("the tensors say it", "type", "strategy", "symmetric", "group_size", "actorder", "scale_dtype", "zp_dtype");
        weights.Waive("how the scales were found", "observer", "observer_kwargs");
    }
}
