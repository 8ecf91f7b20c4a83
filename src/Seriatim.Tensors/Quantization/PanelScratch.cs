namespace Seriatim.Tensors;

/// <summary>Where the parts of a chunk go that is opened.</summary>
/// <param name="scratch">What they are taken from.</param>
internal readonly unsafe struct PanelScratch(Scratch scratch)
{
    private const int GroupFloats = PanelChunk.Inputs / 16 * PanelChunk.Outputs;

    /// <summary>A byte for each input and output.</summary>
    public readonly byte* Codes = (byte*)scratch.Take(PanelChunk.Inputs * PanelChunk.Outputs / sizeof(float));

    /// <summary>The same codes as two of 4 bits (<see cref="WordTile.Split"/>).</summary>
    public readonly byte* Planes = (byte*)scratch.Take(2 * PanelChunk.Inputs * PanelChunk.Outputs / sizeof(float));

    /// <summary>Scales of groups of 16 inputs, or 32.</summary>
    public readonly float* Scales = scratch.Take(GroupFloats);

    /// <summary>Their minimums.</summary>
    public readonly float* Minimums = scratch.Take(GroupFloats);
}
