namespace Seriatim.Models;

/// <summary>
/// The experts of gpt_oss: <c>x_blocks</c> and <c>x_scales</c> for x, rows of outputs (<see cref="FourBitMatrix"/>).
/// </summary>
internal sealed class MxFp4Coding : WeightCoding
{
    public MxFp4Coding(ConfigReader section)
    {
        section.Waive("the reference library's choice at load", "dequantize");
        WaiveModules(section);
    }

    /// <inheritdoc/>
    public override CodedMatrix? Find(CodedTensors tensors, string name) => tensors.Find($"{name}_blocks") is { } blocks
        ? FourBitMatrix.Of(name, blocks, tensors.Need($"{name}_scales", blocks), BlockType.MXFP4)
        : null;
}
