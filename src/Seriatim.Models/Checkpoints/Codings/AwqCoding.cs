namespace Seriatim.Models;

/// <summary>AWQ, 4 bits in the order of its "gemm" version (<see cref="AwqMatrix"/>).</summary>
internal sealed class AwqCoding : WeightCoding
{
    private readonly int _groupSize;

    public AwqCoding(ConfigReader section)
    {
        int bits = section.Size("bits", "w_bit");
        if (bits != 4)
            throw section.Unsupported("bits", bits, "4 is needed");
        _groupSize = CodingKeys.GroupSize(section, section.Keys.Contains("q_group_size") ? "q_group_size" : "group_size");
        string version = section.Text("gemm", "version");
        if (!version.Equals("gemm", StringComparison.OrdinalIgnoreCase))
            throw section.Unsupported("version", version, "\"gemm\" is needed: codes of the other versions lie in another order");
        section.WaiveAt("zeros are read", "true", "zero_point");
        section.Waive("which kernel the reference library picks", "backend", "do_fuse", "fuse_max_seq_len", "modules_to_fuse",
            "exllama_config");
        WaiveModules(section);
    }

    /// <inheritdoc/>
    public override CodedMatrix? Find(CodedTensors tensors, string name) =>
        IsWeight(name) ? AwqMatrix.Find(tensors, name, _groupSize) : null;
}
