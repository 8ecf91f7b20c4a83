namespace Seriatim.Models;

/// <summary>bitsandbytes, 4 bits (<see cref="LookupMatrix"/>) or 8 (<see cref="RowIntegerMatrix"/>).</summary>
internal sealed class BitsAndBytesCoding : WeightCoding
{
    public BitsAndBytesCoding(ConfigReader section)
    {
        section.WaiveAt("codes are bytes", "\"uint8\"", "bnb_4bit_quant_storage");
        section.Waive("the tensors say it", "load_in_4bit", "load_in_8bit", "_load_in_4bit", "_load_in_8bit",
            "bnb_4bit_quant_type",
            "bnb_4bit_use_double_quant");
        section.Waive("in what type the reference library computes", "bnb_4bit_compute_dtype");
        section.Waive("outliers of activations need nothing of their own here", "llm_int8_*");
        WaiveModules(section);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<(string Pattern, string Reason)> Waived { get; } =
        [("*.weight_format", "the order of codes on a GPU; files have them row after row")];

    /// <inheritdoc/>
    public override CodedMatrix? Find(CodedTensors tensors, string name) => !IsWeight(name) ? null
        : (CodedMatrix?)LookupMatrix.Find(tensors, name) ?? RowIntegerMatrix.Find(tensors, name);
}
