namespace Seriatim.Models;

/// <summary>
/// 8-bit floats (<see cref="ScaledFloatMatrix"/>). <c>weight_scale_inv</c> is multiplied by, whatever it is called. Activations
/// are not rounded to 8-bit floats.
/// </summary>
internal sealed class Float8Coding : WeightCoding
{
    private readonly (int Rows, int Columns)? _block;

    public Float8Coding(ConfigReader section)
    {
        if (section.Keys.Contains("weight_block_size"))
        {
            double[] block = section.Numbers("weight_block_size", 2);
            if (block.Any(size => size is < 1 or > 1 << 20 || size != Math.Floor(size)))
                throw section.Unsupported("weight_block_size", $"[{string.Join(", ", block)}]",
                    "two positive integers are needed");
            _block = ((int)block[0], (int)block[1]);
        }

        string format = section.Text("e4m3", "fmt");
        if (format is not ("e4m3" or "e5m2" or "float8_e4m3fn"))
            throw section.Unsupported("fmt", format, "\"e4m3\" or \"e5m2\" is needed");
        section.Waive("activations stay as they are", "activation_scheme", "activation_scale_ub");
        section.Waive("scales are read, whatever their digits", "scale_fmt");
        section.Waive("the reference library's choice at load", "dequantize");
        WaiveModules(section);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<(string Pattern, string Reason)> Waived { get; } =
        [("*.input_scale", "activations are not rounded to 8-bit floats"), ("*.activation_scale",
            "activations are not rounded to 8-bit floats"),
            ("*.input_scale_ub", "activations are not rounded to 8-bit floats"),
            ("*.k_scale", "keys are stored as the caller asks"), ("*.v_scale", "values are stored as the caller asks")];

    /// <inheritdoc/>
    public override CodedMatrix? Find(CodedTensors tensors, string name) => ScaledFloatMatrix.Find(tensors, name, _block);
}
