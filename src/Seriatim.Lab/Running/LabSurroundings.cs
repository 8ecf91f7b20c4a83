namespace Seriatim.Lab;

/// <summary>What the program knows and the lab does not find out by itself.</summary>
/// <param name="Version">Version of the program.</param>
/// <param name="Processor">Name of the processor.</param>
/// <param name="VectorBits">Width of the vectors that are used.</param>
internal sealed record LabSurroundings(string Version, string Processor, int VectorBits)
{
    /// <summary>Those of this program on this machine.</summary>
    public static LabSurroundings Of(string version) => new(version, Hardware.Processor(), Hardware.VectorBits());
}
